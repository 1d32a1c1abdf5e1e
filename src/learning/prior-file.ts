import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import * as v from "valibot";
import { UserError } from "../data/user-error.ts";
import { type ModelPrior, type Prior, PriorSchema } from "../definition/prior.ts";
import { fingerprintOf } from "../kernel/compile.ts";
import { hash53 } from "../kernel/hash.ts";
import type { Subject } from "./subject.ts";

const LINE_WIDTH = 110;

/** Reads what a prior file holds for the subject's model. @throws UserError */
export function readPrior(file: string, subject: Subject): ModelPrior {
  const prior = readPriorFile(file);
  const { definition, model } = subject;
  if (prior.definition !== definition.name || prior.fingerprint !== fingerprintOf(definition)) {
    throw new UserError(
      `${file} was trained for another state of the definition (${prior.definition} ${prior.fingerprint})`,
      `Train one for ${definition.name} as it is now, with limn train.`,
    );
  }
  const found = prior.models[model];
  if (found !== undefined) return found;
  throw new UserError(
    `${file} has no model "${model}"`,
    `Its models are: ${Object.keys(prior.models).join(", ")}.`,
  );
}

/**
 * Writes the prior of a model. What the file holds for other models of the same definition stays.
 * @param through the time of the newest example that was learned, in ms since 1970
 */
export function writePrior(file: string, subject: Subject, trained: ModelPrior, through: number): Prior {
  const { definition, model } = subject;
  const fingerprint = fingerprintOf(definition);
  const before = existsSync(file) ? readPriorFile(file) : undefined;
  const models = { ...(before?.fingerprint === fingerprint && before.models), [model]: rounded(trained) };
  const prior = {
    definition: definition.name,
    fingerprint,
    // By content: the same history gives the same version, and another prior never the same.
    version: `${new Date(through).toISOString().slice(0, 10)}-${hash53(JSON.stringify(models)).toString(36)}`,
    models,
  };
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, format(prior));
  return prior;
}

/** JSON with as many numbers on a line as fit, as the repository's formatter has it: a new prior passes its check. */
function format(prior: Prior): string {
  const json = JSON.stringify(prior, null, 2);
  const filled = json.replace(/^( *)("\w+": )\[\s*([^[\]]+?)\s*\]/gm, (_, indent, name, list) => {
    const values = String(list).split(/,\s*/);
    const lines = [`${indent}${name}[`];
    let line = `${indent}  `;
    for (const [i, value] of values.entries()) {
      const item = i === values.length - 1 ? value : `${value},`;
      const space = line.trim() === "" ? "" : " ";
      if (line.length + space.length + item.length > LINE_WIDTH) {
        lines.push(line);
        line = `${indent}  ${item}`;
      } else line += space + item;
    }
    return [...lines, line, `${indent}]`].join("\n");
  });
  return `${filled}\n`;
}

/** To nine digits: the kernel takes single-precision numbers, and they are exact with these. */
function rounded({ weights, means, variances, ...tuned }: ModelPrior): ModelPrior {
  const round = (values: number[]) => values.map((value) => Number(value.toPrecision(9)));
  return { weights: round(weights), means: round(means), variances: round(variances), ...tuned };
}

function readPriorFile(file: string): Prior {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch {
    throw new UserError(`the prior ${file} cannot be read`, "Name a file that limn train has written.");
  }
  const result = v.safeParse(v.pipe(v.string(), v.parseJson(), PriorSchema), text);
  if (result.success) return result.output;
  const [issue] = result.issues;
  throw new UserError(
    `the prior ${file} is not valid: ${v.getDotPath(issue) ?? "/"}: ${issue.message}`,
    "Name a file that limn train has written.",
  );
}
