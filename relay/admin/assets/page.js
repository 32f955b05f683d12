"use strict";

const every = 2000; // ms between two looks
let before = null; // the samples of the last look, by key

const count = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const short = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });

const keyOf = (s) => s.name + JSON.stringify(s.labels ?? {});

/** look returns the samples with ways to ask for them. */
function look(stats) {
  const past = before;
  before = { at: stats.uptime_seconds, samples: new Map(stats.samples.map((s) => [keyOf(s), s])) };
  const seconds = past ? stats.uptime_seconds - past.at : 0;
  const all = (name) => stats.samples.filter((s) => s.name === name);
  const rate = (s) => {
    const last = past?.samples.get(keyOf(s));
    return last && seconds > 0 ? Math.max(0, s.value - last.value) / seconds : 0;
  };
  const sum = (name) => all(name).reduce((n, s) => n + s.value, 0);
  const sumRate = (name) => all(name).reduce((n, s) => n + rate(s), 0);
  return { all, rate, sum, sumRate };
}

function age(seconds) {
  const d = Math.floor(seconds / 86400), h = Math.floor(seconds / 3600) % 24, m = Math.floor(seconds / 60) % 60;
  return d ? `${d} d ${h} h` : h ? `${h} h ${m} min` : m ? `${m} min ${Math.floor(seconds) % 60} s` : `${Math.floor(seconds)} s`;
}

function duration(seconds) {
  if (!seconds) return "–";
  return seconds < 1e-3 ? `≤ ${+(seconds * 1e6).toPrecision(3)} µs` : seconds < 1 ? `≤ ${+(seconds * 1e3).toPrecision(3)} ms` : `≤ ${seconds} s`;
}

function bytes(n) {
  for (const unit of ["B", "KiB", "MiB"]) {
    if (n < 1024) return `${+n.toFixed(1)} ${unit}`;
    n /= 1024;
  }
  return `${+n.toFixed(1)} GiB`;
}

/** make returns an element; text is never markup. */
function make(tag, text, ...children) {
  const e = document.createElement(tag);
  if (text !== undefined) e.textContent = text;
  e.append(...children);
  return e;
}

function fill(id, rows) {
  const table = document.getElementById(id);
  table.tBodies[0].replaceChildren(...rows.map((cells) => make("tr", undefined, ...cells.map((c) => make("td", c)))));
  const none = table.parentElement.querySelector(".none");
  table.hidden = Boolean(none) && rows.length === 0;
  if (none) none.hidden = rows.length > 0;
}

function tiles(m) {
  const shown = [
    ["connections", count.format(m.sum("relay_connections"))],
    ["subscriptions", count.format(m.sum("relay_subscriptions"))],
    ["events/s", short.format(m.sumRate("relay_events_total"))],
    ["deliveries/s", short.format(m.sumRate("relay_deliveries_total"))],
    ["deliveries", short.format(m.sum("relay_deliveries_total"))],
    ["out/s", bytes(m.sumRate("relay_delivered_bytes_total"))],
  ];
  document.getElementById("tiles").replaceChildren(...shown.map(([name, value]) => {
    const tile = make("div", undefined, make("b", value), make("span", name));
    tile.className = "tile";
    return tile;
  }));
}

function plugins(m) {
  const of = (name, plugin) => m.all(name).filter((s) => s.labels.plugin === plugin);
  const total = (name, plugin) => of(name, plugin).reduce((n, s) => n + s.value, 0);
  return m.all("relay_plugin_calls_total").map((calls) => {
    const name = calls.labels.plugin;
    const took = of("relay_plugin_duration_seconds", name)[0] ?? {};
    return [
      name, count.format(calls.value), short.format(m.rate(calls)), count.format(total("relay_plugin_errors_total", name)),
      duration(took.p50), duration(took.p99), bytes(total("relay_plugin_memory_bytes", name)),
      count.format(total("relay_plugin_quarantine_events", name)), count.format(total("relay_plugin_version", name)),
      ["closed", "half-open", "open"][total("relay_plugin_breaker_state", name)],
    ];
  });
}

function state(text, good) {
  const e = document.getElementById("state");
  e.textContent = text;
  e.className = good ? "good" : "bad";
}

function show(stats) {
  const m = look(stats);
  state(stats.ready ? "ready" : `not ready: ${stats.reason}`, stats.ready);
  document.getElementById("about").textContent = `up ${age(stats.uptime_seconds)} · ${stats.version} · ${stats.go}`;
  tiles(m);
  fill("verdicts", m.all("relay_events_total").map((s) =>
    [s.labels.source, s.labels.verdict, count.format(s.value), short.format(m.rate(s))]));
  fill("plugins", plugins(m));
  fill("ends", m.all("relay_disconnects_total").filter((s) => s.value > 0).map((s) => [s.labels.reason, count.format(s.value)]));
}

async function run() {
  try {
    const res = await fetch("stats.json", { cache: "no-store", signal: AbortSignal.timeout(5 * every) });
    show(await res.json());
  } catch {
    state("no answer", false);
  }
  setTimeout(run, document.hidden ? 5 * every : every);
}

run();
