# As serve/config.capnp, with the bare Worker of this folder.
using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "main", worker = .bare),
    (name = "disk", disk = (writable = true)),
  ],
  sockets = [(name = "http", http = (), service = "main")],
);

const bare :Workerd.Worker = (
  modules = [(name = "worker.js", esModule = embed "../build/worker.js")],
  compatibilityDate = "2026-11-01",
  bindings = [(name = "ROWS", durableObjectNamespace = "Row")],
  durableObjectNamespaces = [(className = "Row", uniqueKey = "bare-row", enableSql = true)],
  durableObjectStorage = (localDisk = "disk"),
);
