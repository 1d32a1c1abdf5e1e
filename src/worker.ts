import { app } from "./http/app.ts";

export { Failures } from "./failures/object.ts";
export { Keys } from "./keys/object.ts";
export { Profile } from "./profile/object.ts";

export default { fetch: app.fetch };
