# The edge on this machine: the built Worker in plain workerd, each object's SQLite database on disk.
#
#   workerd serve serve/config.capnp --socket-addr=http=127.0.0.1:8787 --directory-path=disk=.limn
#
# with WRITE_KEY, SECRET_KEY and ID_SECRET in the environment. `npm run serve` does all of that.
using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "main", worker = .limn),
    (name = "disk", disk = (writable = true)),
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
    (name = "DEFINITION", fromEnvironment = "DEFINITION"),
    (name = "PRIOR", fromEnvironment = "PRIOR"),
    (name = "WRITE_KEY", fromEnvironment = "WRITE_KEY"),
    (name = "SECRET_KEY", fromEnvironment = "SECRET_KEY"),
    (name = "ID_SECRET", fromEnvironment = "ID_SECRET"),
    (name = "RETENTION_EVENTS", fromEnvironment = "RETENTION_EVENTS"),
    (name = "RETENTION_DAYS", fromEnvironment = "RETENTION_DAYS"),
    (name = "FAILURES_DAYS", fromEnvironment = "FAILURES_DAYS"),
    (name = "LIVE_ORIGINS", fromEnvironment = "LIVE_ORIGINS"),
  ],
  durableObjectNamespaces = [
    (className = "Profile", uniqueKey = "limn-profile", enableSql = true),
    (className = "Failures", uniqueKey = "limn-failures", enableSql = true),
  ],
  durableObjectStorage = (localDisk = "disk"),
);
