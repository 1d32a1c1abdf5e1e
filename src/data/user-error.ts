/** A failure that its reader can mend: shown as two lines, without a stack. */
export class UserError extends Error {
  /** What to do about it, as one sentence. */
  readonly remedy: string;

  constructor(problem: string, remedy: string) {
    super(problem);
    this.name = "UserError";
    this.remedy = remedy;
  }
}

/** Runs a command: a `UserError` becomes its two lines and exit status 2, anything else keeps its stack. */
export async function runCommand(command: () => Promise<unknown>): Promise<void> {
  try {
    await command();
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    process.stderr.write(`limn: ${error.message}\n  ${error.remedy}\n`);
    process.exitCode = 2;
  }
}
