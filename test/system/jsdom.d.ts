/** The little of jsdom that is used here: it comes without types. */
declare module "jsdom" {
  export class VirtualConsole {}
  export class JSDOM {
    constructor(
      html: string,
      options: { url: string; runScripts: "outside-only"; virtualConsole?: VirtualConsole },
    );
    readonly window: {
      fetch: (url: string, init?: RequestInit) => Promise<Response>;
      eval(script: string): unknown;
      close(): void;
    };
  }
}
