use crate::attributes::Attributes;
use crate::host::{self, Refused};
use crate::json::Json;
use crate::memory::Scratch;
use core::{slice, str};

/// What a payload is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// Any bytes.
    Binary,
    /// UTF-8.
    Text,
    /// One JSON value.
    Json,
}

const TEXT: u32 = 1;
const INBOUND: u32 = 2;
const JSON: u32 = 4;
const HEADER: usize = 32;

/// One event on its way through the filters. It views relay's buffer and ends with the call, as `'a` says: copy what must
/// last. The `with_` methods make another event of it, for [`Verdict::ReplaceEvent`](crate::Verdict::ReplaceEvent) and
/// [`emit`](Self::emit).
#[derive(Clone, Copy)]
pub struct Event<'a> {
    topic: &'a str,
    payload: &'a [u8],
    attributes: Attributes<'a>,
    time: i64,
    kind: Kind,
    inbound: bool,
    utf8: bool, // the payload is known to be; kind alone may be the filter's own word
    scratch: Scratch<'a>,
}

impl<'a> Event<'a> {
    /// Returns the event of the record at start.
    ///
    /// # Safety
    /// start is the buffer in which relay has written a record of len bytes, or of nothing, and `'a` ends with the call.
    #[inline]
    pub(crate) unsafe fn load(start: *const u8, len: usize) -> Self {
        // SAFETY: relay keeps to the contract: the header is whole, the lengths add up to len, the topic is UTF-8, and so is
        // a payload that is marked as text.
        unsafe {
            let word = |i: usize| (start as *const u32).add(i).read();
            let (flags, topic, attributes) = (word(0), word(1) as usize, word(2) as usize);
            let payload = HEADER + topic + attributes;
            Event {
                topic: str::from_utf8_unchecked(slice::from_raw_parts(start.add(HEADER), topic)),
                attributes: Attributes::new(slice::from_raw_parts(start.add(HEADER + topic), attributes)),
                payload: slice::from_raw_parts(start.add(payload), len - payload),
                time: (start.add(24) as *const i64).read(),
                kind: if flags & JSON != 0 {
                    Kind::Json
                } else if flags & TEXT != 0 {
                    Kind::Text
                } else {
                    Kind::Binary
                },
                inbound: flags & INBOUND != 0,
                utf8: flags & TEXT != 0,
                scratch: Scratch::new(),
            }
        }
    }

    #[cfg(not(target_arch = "wasm32"))]
    pub(crate) fn empty(scratch: Scratch<'a>) -> Self {
        let attributes = Attributes::EMPTY;
        Event { topic: "test", payload: &[], attributes, time: 0, kind: Kind::Text, inbound: false, utf8: true, scratch }
    }

    /// The topic; in `on_subscribe` the pattern.
    #[inline]
    pub fn topic(&self) -> &'a str {
        self.topic
    }

    /// The payload's bytes.
    #[inline]
    pub fn payload(&self) -> &'a [u8] {
        self.payload
    }

    /// The payload, if it is UTF-8. That is checked only where relay has not done so already.
    pub fn text(&self) -> Option<&'a str> {
        if self.utf8 {
            // SAFETY: relay checked it, or it is the filter's own str.
            return Some(unsafe { str::from_utf8_unchecked(self.payload) });
        }
        str::from_utf8(self.payload).ok()
    }

    /// The payload of an event that is JSON, to be read in place. Of other events it is absent: see [`Json::new`].
    #[inline]
    pub fn json(&self) -> Json<'a> {
        match self.kind {
            Kind::Json => Json::new(self.payload, self.scratch),
            _ => Json::new(&[], self.scratch),
        }
    }

    /// A field of the object that the payload is: `event.field("level") == "debug"`.
    #[inline]
    pub fn field(&self, name: &str) -> Json<'a> {
        self.json().field(name)
    }

    /// The attributes.
    #[inline]
    pub fn attributes(&self) -> Attributes<'a> {
        self.attributes
    }

    /// What the payload is.
    #[inline]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Tells whether it came from a client's socket; otherwise it was published by HTTP.
    #[inline]
    pub fn is_inbound(&self) -> bool {
        self.inbound
    }

    /// When relay took it, in nanoseconds since 1970.
    #[inline]
    pub fn time(&self) -> i64 {
        self.time
    }

    /// Memory that lasts as long as the event.
    #[inline]
    pub fn scratch(&self) -> Scratch<'a> {
        self.scratch
    }

    /// A new event on topic: empty text, without attributes.
    pub fn blank(self, topic: &'a str) -> Self {
        Event { topic, payload: &[], attributes: Attributes::EMPTY, kind: Kind::Text, utf8: true, ..self }
    }

    /// On another topic.
    pub fn with_topic(self, topic: &'a str) -> Self {
        Event { topic, ..self }
    }

    /// With another payload, which is text.
    pub fn with_text(self, text: &'a str) -> Self {
        Event { payload: text.as_bytes(), kind: Kind::Text, utf8: true, ..self }
    }

    /// With another payload, which is JSON.
    pub fn with_json(self, json: &'a str) -> Self {
        Event { payload: json.as_bytes(), kind: Kind::Json, utf8: true, ..self }
    }

    /// With another payload, of the same kind.
    pub fn with_payload(self, payload: &'a [u8]) -> Self {
        Event { payload, utf8: false, ..self }
    }

    /// With the same payload called another kind. relay checks that it is.
    pub fn with_kind(self, kind: Kind) -> Self {
        Event { kind, ..self }
    }

    /// With the attribute key set to value. key must have 1 to 65,535 bytes.
    pub fn with_attribute(self, key: &str, value: &str) -> Self {
        Event { attributes: self.attributes.change(self.scratch, key, Some(value)), ..self }
    }

    /// Without the attribute key.
    pub fn without_attribute(self, key: &str) -> Self {
        Event { attributes: self.attributes.change(self.scratch, key, None), ..self }
    }

    /// Without attributes.
    pub fn without_attributes(self) -> Self {
        Event { attributes: Attributes::EMPTY, ..self }
    }

    /// Makes it a further event, which goes on with the filters after this one; time and origin are those of the event at
    /// hand. It stays so if the event at hand is dropped, but not if the handler fails. A topic that is none, or a payload
    /// that is not of its kind, is a trap.
    pub fn emit(self) -> core::result::Result<(), Refused> {
        let mut b = self.scratch.builder();
        self.append(&mut b);
        let done = host::emit(b.so_far());
        b.discard();
        done
    }

    /// Returns the record of the event.
    pub(crate) fn record(&self) -> &'a [u8] {
        let mut b = self.scratch.builder();
        self.append(&mut b);
        b.bytes()
    }

    fn append(&self, b: &mut crate::Builder<'_>) {
        let flags = match self.kind {
            Kind::Binary => 0,
            Kind::Text => TEXT,
            Kind::Json => TEXT | JSON,
        };
        let attributes = self.attributes.encoded();
        b.reserve(HEADER + self.topic.len() + attributes.len() + self.payload.len());
        for n in [flags, self.topic.len() as u32, attributes.len() as u32, self.payload.len() as u32] {
            b.push(&n.to_le_bytes());
        }
        b.push(&[0; 8]);
        b.push(&self.time.to_le_bytes());
        b.push(self.topic.as_bytes());
        b.push(attributes);
        b.push(self.payload);
    }
}
