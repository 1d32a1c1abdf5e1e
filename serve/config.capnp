# The edge on this machine: the built Worker in plain workerd, each object's SQLite database on disk.
#
#   workerd serve serve/config.capnp --socket-addr=http=127.0.0.1:8787 --directory-path=disk=.limn --directory-path=assets=build/assets
#
# with KEY_SECRET and ID_SECRET in the environment. `npm run serve` does all of that.
using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "main", worker = .limn),
    (name = "disk", disk = (writable = true)),
    (name = "assets", disk = (writable = false)),
  ],
  sockets = [(name = "http", http = (), service = "main")],
);

const limn :Workerd.Worker = (
  modules = [
    (name = "worker.js", esModule = embed "../build/worker.js"),
    (name = "kernel.wasm", wasm = embed "../build/kernel.wasm"),
  ],
  compatibilityDate = "2026-11-01",
  bindings = [
    (name = "PROFILES", durableObjectNamespace = "Profile"),
    (name = "FAILURES", durableObjectNamespace = "Failures"),
    (name = "ASSETS", service = "assets"),
    (name = "DEFINITION", fromEnvironment = "DEFINITION"),
    (name = "PRIOR", fromEnvironment = "PRIOR"),
    (name = "KEYS", durableObjectNamespace = "Keys"),
    (name = "KEY_SECRET", fromEnvironment = "KEY_SECRET"),
    (name = "KEY_SECRET_PREVIOUS", fromEnvironment = "KEY_SECRET_PREVIOUS"),
    (name = "ID_SECRET", fromEnvironment = "ID_SECRET"),
    (name = "USER_TOKEN_SECRET", fromEnvironment = "USER_TOKEN_SECRET"),
    (name = "USER_TOKEN_JWKS", fromEnvironment = "USER_TOKEN_JWKS"),
    (name = "USER_TOKEN_ISSUER", fromEnvironment = "USER_TOKEN_ISSUER"),
    (name = "USER_TOKEN_AUDIENCE", fromEnvironment = "USER_TOKEN_AUDIENCE"),
    (name = "RETENTION_EVENTS", fromEnvironment = "RETENTION_EVENTS"),
    (name = "RETENTION_DAYS", fromEnvironment = "RETENTION_DAYS"),
    (name = "FAILURES_DAYS", fromEnvironment = "FAILURES_DAYS"),
    (name = "LIVE_ORIGINS", fromEnvironment = "LIVE_ORIGINS"),
  ],
  durableObjectNamespaces = [
    (className = "Profile", uniqueKey = "limn-profile", enableSql = true),
    (className = "Failures", uniqueKey = "limn-failures", enableSql = true),
    (className = "Keys", uniqueKey = "limn-keys", enableSql = true),
  ],
  durableObjectStorage = (localDisk = "disk"),
);
