import { DefinitionError, parseDefinition } from "../definition/schema.ts";
import { compareEvents, type Event } from "../events/event.ts";
import { compile } from "../kernel/compile.ts";
import { mostExplored, type Question } from "../kernel/rank.ts";
import type {
  EventsPage,
  EventsQuery,
  Looked,
  PreviewRequest,
  PreviewResult,
  RankRequest,
  RankResult,
  ReadOptions,
  ReadResult,
} from "./contract.ts";
import { describe } from "./describe.ts";
import type { Engine } from "./engine.ts";
import { foldEvents } from "./fold.ts";
import type { Journal } from "./journal.ts";
import type { Merges } from "./merges.ts";
import { order } from "./order.ts";
import { freshState, type State } from "./state.ts";

/** What questions about a profile are answered from; no answer changes any of it. */
export interface Ground {
  /** Of the deployed definition. */
  engine: Engine;
  /** Undefined for a user of whom nothing is known. */
  journal: Journal | undefined;
  merges: Merges;
  /** ms. */
  now: number;
}

/** Longest history that is folded under a draft of a definition, in events. */
const MOST_DRAFTED = 20_000;

/** The last answers: a page asks for its profile more than once, and within a second it stays the same. */
const told = new WeakMap<Journal["shown"], { version: number; at: number; answer: ReadResult }>();

export function readProfile({ journal, merges, now }: Ground, options: ReadOptions): ReadResult {
  if (journal === undefined) return { status: "unknown" };
  const { version, shown, refolding } = journal;
  if (options.ifVersion === version) return { status: "unchanged", version };
  const { fields, at = journal.secondOf(now) } = options;
  const last = told.get(shown);
  if (last?.version === version && last.at === at && fields === undefined) return last.answer;
  const state = journal.stateAt(at);
  if (state === undefined) return { status: "forgotten" };
  const profile = portray(journal, merges, state, at);
  if (fields !== undefined) {
    const chosen = Object.entries(profile).filter(([name]) => fields.includes(name));
    return { status: "found", version, json: JSON.stringify(Object.fromEntries(chosen)) };
  }
  const answer: ReadResult = { status: "found", version, json: JSON.stringify(profile) };
  // What is under way ends without another event.
  if (refolding === undefined && !merges.isMerging) told.set(shown, { version, at, answer });
  return answer;
}

export function lookAt({ journal, merges, now }: Ground): Looked {
  if (journal === undefined) return { status: "looked", version: 0, profile: undefined };
  const state = journal.stateAt(now) ?? journal.shown.state;
  return { status: "looked", version: journal.version, profile: portray(journal, merges, state, now) };
}

function portray(journal: Journal, { members, isMerging }: Merges, state: State, at: number) {
  const { shown, user, version, refolding = null } = journal;
  return {
    ...describe(shown.engine, user, version, state, at),
    ...(members.size > 0 ? { merged: [...members.keys()] } : {}),
    ...(isMerging ? { merging: true } : {}),
    refolding,
  };
}

/** The profile as it would be with more events, or under a draft of a definition. */
export function previewProfile(
  { engine, journal, now }: Ground,
  user: string,
  { events, definition, at: time = now }: PreviewRequest,
): PreviewResult {
  const sorted = events.filter((event) => event.time <= time).sort(compareEvents);
  let draft: Engine | undefined;
  if (definition !== undefined) {
    const count = (journal?.count ?? 0) + sorted.length;
    if (count > MOST_DRAFTED) return { status: "too-long", most: MOST_DRAFTED };
    try {
      draft = { kernel: engine.kernel, compiled: compile(parseDefinition(definition), engine.kernel) };
    } catch (error) {
      if (!(error instanceof DefinitionError)) throw error;
      return { status: "invalid", issues: error.issues };
    }
  }
  const by = draft ?? engine;
  const state =
    journal?.preview(sorted, time, draft) ??
    foldEvents(by.kernel, by.compiled, freshState(by.kernel, by.compiled), unique(sorted));
  const profile = {
    ...describe(by, user, journal?.version ?? 0, state, time),
    refolding: null,
    preview: true,
  };
  return { status: "previewed", json: JSON.stringify(profile) };
}

export function listEvents({ journal }: Ground, query: EventsQuery): EventsPage {
  if (journal === undefined) return { status: "listed", events: [] };
  const { otherThan, limit, cursor } = query;
  const names = typeof query.name === "string" ? [query.name] : query.name;
  const listed = journal.list({
    filter: ({ name }) => names?.includes(name) !== false && otherThan?.includes(name) !== true,
    limit,
    from: query.from ?? Number.NEGATIVE_INFINITY,
    to: query.to ?? Number.POSITIVE_INFINITY,
    oldestFirst: query.oldestFirst === true,
    ...(cursor === undefined ? {} : { after: cursor }),
  });
  return { status: "listed", ...listed };
}

export function rankCandidates({ engine, journal, now }: Ground, request: RankRequest): RankResult {
  const { kernel, compiled } = journal?.shown.engine ?? engine;
  const models = compiled.models.map((model) => model.name);
  const index = request.model === undefined ? 0 : models.indexOf(request.model);
  const model = models[index];
  if (model === undefined) return { status: "no-model", models };
  const most = mostExplored(kernel, compiled, index);
  if (request.explore !== undefined && request.candidates.length > most) return { status: "too-many", most };
  const state = journal?.shown.state ?? freshState(kernel, compiled);
  const question: Question = {
    compiled,
    state: state.kernel,
    trait: (name) => state.traits.get(name)?.value,
    at: now,
    model: index,
  };
  const ranked = order(kernel, question, request);
  return { status: "ranked", version: journal?.version ?? 0, model, ranked };
}

/** The first of each id. */
function unique(events: readonly Event[]): Event[] {
  return [...new Map(events.toReversed().map((event) => [event.id, event])).values()].sort(compareEvents);
}
