// The conformance guest in AssemblyScript: it does what sdk/conformance/README.md says.

import {
  Config,
  Event,
  Kind,
  Level,
  Verdict,
  drop,
  emit,
  emitEvent,
  fail,
  kv,
  log,
  metric,
  now,
  onConnect,
  onDisconnect,
  onEvent,
  onInit,
  onSubscribe,
  pass,
  random,
  refuse,
  reject,
  replace,
  replaceEvent,
} from "../../../assemblyscript";
export * from "../../../assemblyscript/exports";

let word = "";
let limit: i64 = 0;
let on = false;
let names: string[] = [];
let state: i64 = 0;

onInit((config: Config): void => {
  config.only(["word", "limit", "on", "names", "start"]);
  word = config.text("word", "none");
  limit = config.int("limit", 7);
  on = config.bool("on");
  names = config.texts("names");
  state = config.int("start");
  if (word == "wrong") config.fail("config: word: is wrong");
});

onEvent((event: Event): Verdict => {
  const attributes = event.attributes;
  if (!attributes.has("do")) return text(event, describe(event));
  const verb = attributes.get("do");
  const given = attributes.get("with");
  const key = attributes.get("key");
  if (verb == "pass") return pass();
  if (verb == "drop") return drop(given);
  if (verb == "reject") return reject(given);
  if (verb == "fail") return fail(given);
  if (verb == "panic") throw new Error(given);
  if (verb == "loop") {
    for (;;) limit++;
  }
  if (verb == "echo") return replace(event.payload);
  if (verb == "reverse") return replace(event.payload.reverse());
  if (verb == "replace") return replace(given);
  if (verb == "change") return change(event);
  if (verb == "bare") {
    const bare = new Event(given);
    bare.text = "bare";
    return replaceEvent(bare);
  }
  if (verb == "emit") {
    for (let i: i64 = 0, count = number(event, "count"); i < count; i++) {
      if (!emit(given, Kind.Text, i.toString())) return drop("refused " + i.toString());
    }
    return pass();
  }
  if (verb == "emit-event") {
    event.topic = given;
    attributes.set("emitted", "yes");
    return emitEvent(event) ? drop() : fail("refused");
  }
  if (verb == "config") return text(event, configuration());
  if (verb == "state") return text(event, (state++).toString());
  if (verb == "log") {
    log(level(attributes.get("level")), given);
    return pass();
  }
  if (verb == "kv-set") return kv.set(key, event.payload, number(event, "ttl")) ? pass() : drop("no room");
  if (verb == "kv-get") {
    const value = kv.get(key);
    return value ? replace(value) : drop("absent");
  }
  if (verb == "kv-add") {
    const sum = kv.add(key, number(event, "delta"), number(event, "ttl"));
    return sum == kv.NO_ROOM ? drop("no room") : text(event, sum.toString());
  }
  if (verb == "kv-delete") {
    kv.remove(key);
    return pass();
  }
  if (verb == "now") return text(event, now().toString());
  if (verb == "random") return replace(random(<i32>number(event, "count")));
  if (verb == "metric") {
    metric(given, number(event, "delta"));
    return pass();
  }
  return fail("unknown verb: " + verb);
});

/** An attribute that is a number. */
function number(event: Event, name: string): i64 {
  const digits = event.attributes.get(name);
  return digits.length ? I64.parseInt(digits) : 0;
}

/** Answers event with another payload, of kind text. */
function text(event: Event, payload: string): Verdict {
  event.kind = Kind.Text;
  event.text = payload;
  return replaceEvent(event);
}

function describe(event: Event): string {
  const kinds = ["binary", "text", "json"];
  const lines = [
    "topic " + event.topic,
    "kind " + kinds[event.kind],
    "inbound " + event.inbound.toString(),
    "time " + event.time.toString(),
    "attributes " + event.attributes.length.toString(),
  ];
  const keys = event.attributes.keys();
  for (let i = 0; i < keys.length; i++) lines.push(keys[i] + "=" + event.attributes.get(keys[i]));
  lines.push("payload " + event.payload.length.toString());
  return lines.join("\n");
}

function configuration(): string {
  const lines = [
    "word " + word,
    "limit " + limit.toString(),
    "on " + on.toString(),
    "start " + state.toString(),
    "names " + names.length.toString(),
  ];
  return lines.concat(names).join("\n");
}

function change(event: Event): Verdict {
  const attributes = event.attributes;
  const payload = attributes.bytes("payload");
  const set = lines(attributes.get("set"));
  const remove = lines(attributes.get("remove"));
  if (payload) event.payload = payload;
  if (attributes.has("topic")) event.topic = attributes.get("topic");
  if (attributes.is("kind", "binary")) event.kind = Kind.Binary;
  if (attributes.is("kind", "text")) event.kind = Kind.Text;
  if (attributes.is("kind", "json")) event.kind = Kind.Json;
  for (let i = 0; i < set.length; i++) {
    const equals = set[i].indexOf("=");
    attributes.set(set[i].substring(0, equals), set[i].substring(equals + 1));
  }
  for (let i = 0; i < remove.length; i++) attributes.delete(remove[i]);
  return replaceEvent(event);
}

/** Returns the lines of s, none if it is empty. */
function lines(s: string): string[] {
  return s.length ? s.split("\n") : [];
}

function level(name: string): Level {
  if (name == "debug") return Level.Debug;
  if (name == "warn") return Level.Warn;
  if (name == "error") return Level.Error;
  return Level.Info;
}

onConnect((event: Event): Verdict => {
  const query = event.attributes.get("query");
  if (query == "user") {
    event.attributes.set("user", "ada");
    event.attributes.set("seen", event.attributes.get("header.x-seen"));
    event.topic = "tenants.ada";
    return replaceEvent(event);
  }
  if (query == "refuse") return refuse(401, "who are you?");
  if (query == "reject") return reject("no entry");
  if (query == "drop") return drop("not now");
  if (query == "fail") return fail("no idea");
  if (query == "panic") throw new Error("at connect");
  return pass();
});

onSubscribe((event: Event): Verdict => {
  if (event.topic == "secret.>") return refuse(404, "secret");
  if (event.topic != "mine.>") return pass();
  event.topic = "tenants." + event.attributes.get("user") + ".>";
  return replaceEvent(event);
});

onDisconnect((event: Event): void => {
  log(Level.Info, "bye " + event.attributes.get("user"));
});
