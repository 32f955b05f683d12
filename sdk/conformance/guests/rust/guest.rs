//! The conformance guest in Rust: it does what sdk/conformance/README.md says.
#![cfg_attr(not(feature = "std"), no_std)]
#![forbid(unsafe_code)]

use core::time::Duration;
use relay::{kv, Attributes, Config, Event, Kind, Level, Verdict};

#[cfg(not(feature = "std"))]
relay::filter! {
    no_std,
    state: Guest,
    on_init: Guest::new,
    on_event: Guest::event,
    on_connect: Guest::connect,
    on_subscribe: Guest::subscribe,
    on_disconnect: Guest::disconnect,
}

#[cfg(feature = "std")]
relay::filter! {
    state: Guest,
    on_init: Guest::new,
    on_event: Guest::event,
    on_connect: Guest::connect,
    on_subscribe: Guest::subscribe,
    on_disconnect: Guest::disconnect,
}

struct Guest {
    word: &'static str,
    limit: i64,
    on: bool,
    names: &'static [&'static str],
    state: i64,
}

impl Guest {
    fn new(config: Config<'_>) -> relay::Result<'static, Guest> {
        config.only(&["word", "limit", "on", "names", "start"])?;
        let guest = Guest {
            word: config.text("word", "none")?,
            limit: config.int("limit", 7)?,
            on: config.bool("on", false)?,
            names: config.texts("names")?,
            state: config.int("start", 0)?,
        };
        if guest.word == "wrong" {
            return Err("config: word: is wrong".into());
        }
        Ok(guest)
    }

    fn event<'a>(&'a mut self, event: Event<'a>) -> relay::Result<'a> {
        let attribute = |name| event.attributes().get(name).unwrap_or("");
        let number = |name| attribute(name).parse().unwrap_or(0);
        let ttl = Duration::from_millis(number("ttl") as u64);
        let (with, key) = (attribute("with"), attribute("key"));
        let verb = match event.attributes().get("do") {
            Some(verb) => verb,
            None => return text(event, describe(event)),
        };
        match verb {
            "pass" => Ok(Verdict::Pass),
            "drop" => Ok(Verdict::Drop(with)),
            "reject" => Ok(Verdict::Reject(with)),
            "fail" => Err(with.into()),
            "panic" => panic!("{}", with),
            "loop" => loop {},
            "echo" => Ok(Verdict::Replace(event.payload())),
            "reverse" => {
                let payload = event.scratch().copy(event.payload());
                payload.reverse();
                Ok(Verdict::Replace(payload))
            }
            "replace" => Ok(Verdict::Replace(with.as_bytes())),
            "change" => Ok(Verdict::ReplaceEvent(change(event))),
            "bare" => Ok(Verdict::ReplaceEvent(event.blank(with).with_text("bare"))),
            "emit" => {
                for i in 0..number("count") {
                    if event.blank(with).with_text(relay::text!(event, "{}", i)).emit().is_err() {
                        return Ok(Verdict::Drop(relay::text!(event, "refused {}", i)));
                    }
                }
                Ok(Verdict::Pass)
            }
            "emit-event" => {
                event.with_topic(with).with_attribute("emitted", "yes").emit()?;
                Ok(Verdict::Drop(""))
            }
            "config" => text(event, self.configuration(event)),
            "state" => {
                self.state += 1;
                text(event, relay::text!(event, "{}", self.state - 1))
            }
            "log" => {
                relay::log(level(attribute("level")), with);
                Ok(Verdict::Pass)
            }
            "kv-set" => match kv::set(key, event.payload(), ttl) {
                Ok(()) => Ok(Verdict::Pass),
                Err(_) => Ok(Verdict::Drop("no room")),
            },
            "kv-get" => match kv::get(event.scratch(), key) {
                Some(value) => Ok(Verdict::Replace(value)),
                None => Ok(Verdict::Drop("absent")),
            },
            "kv-add" => match kv::add(key, number("delta"), ttl) {
                Ok(sum) => text(event, relay::text!(event, "{}", sum)),
                Err(_) => Ok(Verdict::Drop("no room")),
            },
            "kv-delete" => {
                kv::delete(key);
                Ok(Verdict::Pass)
            }
            "now" => text(event, relay::text!(event, "{}", relay::now())),
            "random" => {
                let bytes = event.scratch().zeros(number("count") as usize);
                relay::random(bytes);
                Ok(Verdict::Replace(bytes))
            }
            "metric" => {
                relay::metric(with, number("delta"));
                Ok(Verdict::Pass)
            }
            _ => Err(relay::text!(event, "unknown verb: {}", verb).into()),
        }
    }

    fn connect<'a>(&'a mut self, event: Event<'a>) -> relay::Result<'a> {
        match event.attributes().get("query") {
            Some("user") => {
                let seen = event.attributes().get("header.x-seen").unwrap_or("");
                let out = event.with_attribute("user", "ada").with_attribute("seen", seen);
                Ok(Verdict::ReplaceEvent(out.with_topic("tenants.ada")))
            }
            Some("refuse") => Ok(Verdict::Refuse(401, "who are you?")),
            Some("reject") => Ok(Verdict::Reject("no entry")),
            Some("drop") => Ok(Verdict::Drop("not now")),
            Some("fail") => Err("no idea".into()),
            Some("panic") => panic!("at connect"),
            _ => Ok(Verdict::Pass),
        }
    }

    fn subscribe<'a>(&'a mut self, event: Event<'a>) -> relay::Result<'a> {
        match event.topic() {
            "secret.>" => Ok(Verdict::Refuse(404, "secret")),
            "mine.>" => {
                let user = event.attributes().get("user").unwrap_or("");
                Ok(Verdict::ReplaceEvent(event.with_topic(relay::text!(event, "tenants.{}.>", user))))
            }
            _ => Ok(Verdict::Pass),
        }
    }

    fn disconnect(&mut self, event: Event<'_>) {
        relay::log!(Info, "bye {}", event.attributes().get("user").unwrap_or(""));
    }

    fn configuration<'a>(&self, event: Event<'a>) -> &'a str {
        let head = relay::text!(
            event,
            "word {}\nlimit {}\non {}\nstart {}\nnames {}",
            self.word, self.limit, self.on, self.state, self.names.len()
        );
        self.names.iter().fold(head, |all, name| event.scratch().concat(&[all, "\n", name]))
    }
}

/// Answers event with another payload, of kind text.
fn text<'a>(event: Event<'a>, payload: &'a str) -> relay::Result<'a> {
    Ok(Verdict::ReplaceEvent(event.with_text(payload)))
}

fn describe(event: Event<'_>) -> &str {
    let kind = match event.kind() {
        Kind::Binary => "binary",
        Kind::Text => "text",
        Kind::Json => "json",
    };
    let mut out = event.scratch().builder();
    out.push(
        relay::text!(
            event,
            "topic {}\nkind {}\ninbound {}\ntime {}\nattributes {}",
            event.topic(), kind, event.is_inbound(), event.time(), event.attributes().len()
        )
        .as_bytes(),
    );
    for (name, value) in event.attributes() {
        for part in [b"\n", name, b"=", value] {
            out.push(part);
        }
    }
    out.push(relay::text!(event, "\npayload {}", event.payload().len()).as_bytes());
    core::str::from_utf8(out.bytes()).unwrap_or("attributes that are no UTF-8")
}

fn change(mut event: Event<'_>) -> Event<'_> {
    let told: Attributes<'_> = event.attributes();
    if let Some(payload) = told.bytes("payload") {
        event = event.with_payload(payload);
    }
    if let Some(topic) = told.get("topic") {
        event = event.with_topic(topic);
    }
    match told.get("kind") {
        Some("binary") => event = event.with_kind(Kind::Binary),
        Some("text") => event = event.with_kind(Kind::Text),
        Some("json") => event = event.with_kind(Kind::Json),
        _ => {}
    }
    for line in lines(told.get("set")) {
        let (name, value) = line.split_once('=').unwrap_or((line, ""));
        event = event.with_attribute(name, value);
    }
    for name in lines(told.get("remove")) {
        event = event.without_attribute(name);
    }
    event
}

/// Returns the lines of an attribute, none if it is empty.
fn lines(text: Option<&str>) -> impl Iterator<Item = &str> {
    text.unwrap_or("").split('\n').filter(|line| !line.is_empty())
}

fn level(name: &str) -> Level {
    match name {
        "debug" => Level::Debug,
        "warn" => Level::Warn,
        "error" => Level::Error,
        _ => Level::Info,
    }
}
