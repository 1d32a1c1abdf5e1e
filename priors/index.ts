import completejourney from "./completejourney.json" with { type: "json" };

/**
 * The priors an edge can be started with, by the name its variable PRIOR gives. `limn train` writes them here as JSON;
 * import the file and list it.
 */
export const priors: Record<string, unknown> = { completejourney };
