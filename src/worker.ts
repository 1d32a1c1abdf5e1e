import { app } from "./http/app.ts";

export { Profile } from "./profile/object.ts";

export default { fetch: app.fetch };
