import { Config } from "./config";
import { Event } from "./event";
import { Verdict } from "./verdict";

/** What the filter registered. */
export namespace handlers {
  export let init: ((config: Config) => void) | null = null;
  export let event: ((event: Event) => Verdict) | null = null;
  export let connect: ((event: Event) => Verdict) | null = null;
  export let subscribe: ((event: Event) => Verdict) | null = null;
  export let disconnect: ((event: Event) => void) | null = null;
}

/** Registers the handler of events. Call it, like all on functions, at the top of the filter, or in the handler of onInit. */
export function onEvent(handler: (event: Event) => Verdict): void {
  assert(!handlers.event, "two handlers of events");
  handlers.event = handler;
}

/**
 * Registers the handler of the filter's configuration, called once, before all others. What a getter of the configuration
 * finds wrong, and what the handler says to `config.fail`, keeps the filter from being loaded, with its text for the operator.
 */
export function onInit(handler: (config: Config) => void): void {
  assert(!handlers.init, "two handlers of the configuration");
  handlers.init = handler;
}

/**
 * Registers the handler that decides who may connect. The event has no payload; its attributes are "path", "query", "remote"
 * and "header.NAME" (name in lower case), "connection", and what filters before this one have set; its topic is the pattern
 * asked for, if it is one. pass accepts; refuse, drop and reject refuse. replaceEvent accepts, and sets the attributes that
 * the connection's events will carry, and what it subscribes to if the topic is not empty. The request's own attributes are
 * not kept, so a handler may add to those of the event.
 */
export function onConnect(handler: (event: Event) => Verdict): void {
  assert(!handlers.connect, "two handlers of connections");
  handlers.connect = handler;
}

/**
 * Registers the handler that decides who may subscribe to what. The event's topic is the pattern, its attributes are the
 * connection's. pass accepts; refuse, drop and reject refuse; replaceEvent sets the pattern.
 */
export function onSubscribe(handler: (event: Event) => Verdict): void {
  assert(!handlers.subscribe, "two handlers of subscriptions");
  handlers.subscribe = handler;
}

/** Registers the handler that learns of the end of connections; the attributes are the connection's. */
export function onDisconnect(handler: (event: Event) => void): void {
  assert(!handlers.disconnect, "two handlers of the end of connections");
  handlers.disconnect = handler;
}
