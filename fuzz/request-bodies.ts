import fc from "fast-check";
import { ecommerce } from "../src/definition/ecommerce.ts";
import { cursor, SEGMENT_ROUTES } from "./addresses.ts";
import { ids, itemOfPath, SUBJECTS, users } from "./bodies.ts";
import { damaged, hostileJson, hostileNumber, hostileString, mostly, objectOf, seldom } from "./json.ts";

const quoted = (text: string) => JSON.stringify(text);

const definition = fc
  .array(fc.tuple(fc.nat(10_000), seldom(fc.oneof(ofDefinition(), hostileNumber), hostileJson)), {
    maxLength: 3,
  })
  .map((changes) => {
    const source = JSON.parse(JSON.stringify(ecommerce));
    const places = placesIn(source);
    for (const [i, [at]] of changes.entries()) places[at % places.length]?.(`@@${i}@@`);
    return changes.reduce(
      (text, [, value], i) => text.replace(`"@@${i}@@"`, () => value),
      JSON.stringify(source),
    );
  });

/** Values that are right somewhere in a definition, and nearly so elsewhere. */
function ofDefinition(): fc.Arbitrary<string> {
  return fc.constantFrom(
    ...["0", "1", "-1", "4", "64", "128", "1e300", "1e-300", "0.999999", "3.4e38"],
    ...["1s", "1.001s", "999999d", "toString", "constructor", "category", "Product Viewed", "log"].map(
      quoted,
    ),
    ...["sgd", "adamw", "ftrl", "coin", "bayes", "mlp"].map((kind) => `{"kind":"${kind}"}`),
    ...[
      '{"kind":"sgd","rate":1e300,"l2":1e300}',
      '{"kind":"adamw","epsilon":0,"rate":1e38}',
      '{"kind":"mlp","hidden":32}',
    ],
    ...[
      '{"kind":"ftrl","alpha":1e6,"beta":1e-6}',
      '{"kind":"coin","alpha":1e6}',
      '{"kind":"bayes","variance":1e6}',
    ],
    '{"kind":"ensemble","of":[{"kind":"coin"},{"kind":"sgd","rate":1e38}],"eta":1e300}',
    '{"kind":"count","window":"1h","event":"toString"}',
    '{"kind":"affinity","dimension":"constructor"}',
    '{"kind":"trait","trait":"__proto__","width":16}',
    '{"rule":"hampel","threshold":1e300}',
    '{"path":"price","halfLife":"1s","scale":"log"}',
  );
}

/** For each member at any depth, how to put another value in its place. */
function placesIn(value: unknown): ((other: string) => void)[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, member]) => [
    (other: string) => Object.assign(value, { [key]: other }),
    ...placesIn(member),
  ]);
}

const candidates = seldom(
  fc.array(
    mostly({
      id: ids.map(quoted),
      properties: fc.oneof(hostileJson, fc.constant('{"price":1,"category":"Shoes"}')),
    }),
    {
      minLength: 1,
      maxLength: 5,
    },
  ),
  fc
    .constantFrom(1000, 1001)
    .map((count) => Array<string>(count).fill('{"id":"c","properties":{"price":3e38}}')),
  30,
).map((list) => `[${list.join(",")}]`);

/** A body for a route, nearly right; `spare` is a key that may be revoked. */
export function bodyOf(
  route: string,
  spare: string,
): fc.Arbitrary<{ headers: [string, string][]; text: string }> {
  const json = (text: fc.Arbitrary<string>) =>
    damaged(text).map((body) => ({
      headers: [["content-type", "application/json"] satisfies [string, string]],
      text: body,
    }));
  if (SEGMENT_ROUTES.includes(route)) {
    return fc.oneof(...SUBJECTS.filter(({ name }) => name.startsWith("Segment")).map(({ bodies }) => bodies));
  }
  switch (route) {
    case "POST /v1/events":
      return fc.oneof(...SUBJECTS.map(({ bodies }) => bodies));
    case "POST /v1/profiles/:id/rank":
      return json(
        mostly({
          candidates,
          limit: fc.constantFrom("1", "3", "1000"),
          explain: fc.constantFrom("true", "false"),
          explore: fc.constantFrom('"greedy"', '"thompson"', '"ucb"'),
          seed: fc.constantFrom("0", "4294967295"),
        }),
      );
    case "POST /v1/profiles/:id/preview":
      return json(
        fc
          .tuple(
            fc.array(itemOfPath, { maxLength: 3 }),
            fc.option(definition),
            fc.option(
              fc.oneof(
                hostileNumber,
                fc.constantFrom('"2026-11-25T10:00:00Z"', '"9999-12-31T23:59:59Z"', "8640000000000000"),
              ),
              { freq: 2 },
            ),
          )
          .map(([events, draft, at]) =>
            objectOf([
              ['"events"', `[${events.join(",")}]`],
              ...(draft === null ? [] : [['"definition"', draft] as const]),
              ...(at === null ? [] : [['"at"', at] as const]),
            ]),
          ),
      );
    case "POST /v1/profiles/:id/merge":
      return json(
        mostly({
          from: fc
            .oneof(
              users,
              users.map((user) => `anonymous:${user}`),
            )
            .map(quoted),
        }),
      );
    case "POST /v1/keys/revoke":
      return json(mostly({ key: seldom(fc.constant(quoted(spare)), hostileString, 1) }));
    case "POST /v1/failures/replay":
      return json(
        fc.oneof(
          mostly({ ids: fc.constantFrom('["0-1","1-1","2-3"]', '["9-1"]', "[]", '["0-999999999999999"]') }),
          mostly({
            filter: fc.constantFrom("{}", '{"code":"id-invalid"}'),
            limit: fc.constantFrom("1", "10"),
            cursor: cursor.map(quoted),
          }),
        ),
      );
    default:
      return json(hostileJson);
  }
}
