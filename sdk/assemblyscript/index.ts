// Filters for relay in AssemblyScript. README.md shows how; a filter is
//
//   import { Event, Verdict, drop, onEvent, pass } from "./relay";
//   export * from "./relay/exports";
//
//   onEvent((event: Event): Verdict => {
//     if (event.field("level").is("debug")) return drop("debug");
//     return pass();
//   });

export { Event, Kind } from "./event";
export { Attributes } from "./attributes";
export { Json } from "./json";
export { Config } from "./config";
export { Verdict, drop, fail, pass, refuse, reject, replace, replaceEvent } from "./verdict";
export { onConnect, onDisconnect, onEvent, onInit, onSubscribe } from "./handlers";
export { Level, emit, emitEvent, kv, log, metric, now, random } from "./host";
