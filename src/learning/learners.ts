import { UserError } from "../data/user-error.ts";
import { DefinitionError, type LearnerDefinition, parseDefinition } from "../definition/schema.ts";

/** A learner as a command line names it. */
export interface NamedLearner {
  /** As it was written, such as `ftrl(alpha=.5)`. */
  name: string;
  learner: LearnerDefinition;
}

/** All there are, as they are by default. */
export const ALL_LEARNERS = "sgd,adamw,ftrl,coin,bayes,mlp,ensemble";

/** The settings with which River's benchmarks run their logistic regression. */
export const RIVER = "sgd(rate=.005,biasRate=.01)";

/** An ensemble that names no members has these: they differ most. */
const DEFAULT_MEMBERS = ["bayes", "ftrl", "coin", "mlp"];

type Source = { kind: string; of?: Source[]; [setting: string]: unknown };

/**
 * Reads a list of learners, each a name and, in parentheses, settings that are not to be the default's:
 * `sgd,ftrl(alpha=.5),ensemble(bayes,mlp(seed=7),eta=2)`.
 *
 * @throws UserError saying what is wrong, and what is possible
 */
export function parseLearners(text: string): NamedLearner[] {
  return splitList(text).map((name) => ({ name, learner: check(name, parseSource(name)) }));
}

/** Reads one learner. @throws UserError */
export function parseLearner(text: string): NamedLearner {
  const [learner, ...others] = parseLearners(text);
  if (learner !== undefined && others.length === 0) return learner;
  throw new UserError(`"${text}" is not one learner`, "Name one, such as ftrl(alpha=.1).");
}

function parseSource(text: string): Source {
  const match = /^([a-z]+)(?:\((.*)\))?$/.exec(text);
  if (match === null) throw syntaxError(text);
  const source: Source = { kind: match[1] ?? "" };
  const members: Source[] = [];
  for (const part of splitList(match[2] ?? "")) {
    const setting = /^([A-Za-z0-9]+)=(.+)$/.exec(part);
    if (setting === null) members.push(parseSource(part));
    else source[setting[1] ?? ""] = Number(setting[2]);
  }
  if (members.length > 0) source.of = members;
  else if (source.kind === "ensemble") source.of = DEFAULT_MEMBERS.map((kind) => ({ kind }));
  return source;
}

/** Splits at the commas that are not within parentheses. */
function splitList(text: string): string[] {
  const parts: string[] = [];
  let [depth, start] = [0, 0];
  for (let i = 0; i <= text.length; i++) {
    const character = text[i];
    if (character === "(") depth += 1;
    if (character === ")") depth -= 1;
    if (character !== undefined && (character !== "," || depth > 0)) continue;
    const part = text.slice(start, i).trim();
    if (part !== "") parts.push(part);
    start = i + 1;
  }
  if (depth !== 0) throw syntaxError(text);
  return parts;
}

/** Lets the schema of definitions decide, within the smallest definition that holds the learner. */
function check(name: string, source: Source): LearnerDefinition {
  try {
    const { models } = parseDefinition({
      name: "learner",
      events: { example: {} },
      models: {
        model: {
          target: { examples: ["example"], positive: ["example"] },
          features: [{ kind: "hour" }],
          learner: source,
        },
      },
    });
    if (models.model === undefined) throw new Error("the model that was given is expected, there is none");
    return models.model.learner;
  } catch (error) {
    if (!(error instanceof DefinitionError)) throw error;
    const issues = error.issues.map(
      ({ pointer, detail }) => `${pointer.replace(/^\/models\/model\/learner\/?/, "")}: ${detail}`,
    );
    throw new UserError(`the learner ${name} is not valid: ${issues.join("; ")}`, REMEDY);
  }
}

const REMEDY = `Known are ${ALL_LEARNERS.replaceAll(",", ", ")}; docs/kernel.md and src/definition/schema.ts name their settings.`;

function syntaxError(text: string): UserError {
  return new UserError(
    `"${text}" is not a learner`,
    "Write a name and its settings, such as sgd(rate=.01,l2=.001).",
  );
}
