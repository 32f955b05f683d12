// What relay calls. A filter exports it with `export * from "./relay/exports"`, as only exports of the entry file count.

import { Config } from "./config";
import { handlers } from "./handlers";
import { current } from "./event";
import { begin, buffer, makeRoom } from "./memory";
import { reason } from "./host";


export function relay_abi_v1(): i32 {
  return (
    (handlers.event ? 1 : 0) | (handlers.connect ? 2 : 0) | (handlers.subscribe ? 4 : 0) | (handlers.disconnect ? 8 : 0)
  );
}

export function relay_buffer(least: u32): usize {
  return makeRoom(least);
}

export function relay_init(len: u32): i32 {
  const init = handlers.init;
  if (!init) return 0;
  const config = new Config(changetype<usize>(buffer), len);
  init(config);
  if (!config.wrong.length) return 0;
  reason(0, config.wrong);
  return 1;
}

export function relay_on_event(len: u32): i64 {
  begin();
  current.load(len);
  return handlers.event!(current);
}

export function relay_on_connect(len: u32): i64 {
  begin();
  current.load(len);
  return handlers.connect!(current);
}

export function relay_on_subscribe(len: u32): i64 {
  begin();
  current.load(len);
  return handlers.subscribe!(current);
}

export function relay_on_disconnect(len: u32): void {
  begin();
  current.load(len);
  handlers.disconnect!(current);
}
