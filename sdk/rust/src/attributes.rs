use crate::memory::{Builder, Scratch};
use core::str;

/// The named strings that travel with an event, sorted by name. Nothing is decoded before it is asked for.
#[derive(Clone, Copy)]
pub struct Attributes<'a>(&'a [u8]);

const HEADER: usize = 6; // u16 length of the key, u32 length of the value

impl<'a> Attributes<'a> {
    /// No attributes.
    pub const EMPTY: Attributes<'static> = Attributes(&[]);

    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Attributes(bytes)
    }

    pub(crate) fn encoded(self) -> &'a [u8] {
        self.0
    }

    /// Returns the value of key. None is also a value that is not UTF-8, which [`bytes`](Self::bytes) gives.
    pub fn get(self, key: &str) -> Option<&'a str> {
        str::from_utf8(self.bytes(key)?).ok()
    }

    /// Returns the value of key, whatever bytes it has.
    pub fn bytes(self, key: &str) -> Option<&'a [u8]> {
        for (k, v) in self {
            if k == key.as_bytes() {
                return Some(v);
            }
        }
        None
    }

    /// Returns the number of attributes.
    pub fn len(self) -> usize {
        self.into_iter().count()
    }

    /// Tells whether there are none.
    pub fn is_empty(self) -> bool {
        self.0.is_empty()
    }

    /// Returns a copy without the attribute key, and with it in its place if there is a value.
    pub(crate) fn change(self, scratch: Scratch<'a>, key: &str, value: Option<&str>) -> Self {
        let (key, mut value) = (key.as_bytes(), value);
        let mut out = scratch.builder();
        for (k, v) in self {
            if k >= key {
                put(&mut out, key, value.take());
            }
            if k != key {
                put_bytes(&mut out, k, v);
            }
        }
        put(&mut out, key, value);
        Attributes(out.bytes())
    }
}

fn put(out: &mut Builder<'_>, key: &[u8], value: Option<&str>) {
    if let Some(v) = value {
        assert!(!key.is_empty() && key.len() <= u16::MAX as usize, "an attribute's name has 1 to 65535 bytes");
        put_bytes(out, key, v.as_bytes());
    }
}

fn put_bytes(out: &mut Builder<'_>, key: &[u8], value: &[u8]) {
    out.push(&(key.len() as u16).to_le_bytes());
    out.push(&(value.len() as u32).to_le_bytes());
    out.push(key);
    out.push(value);
}

/// Yields names and values in order.
impl<'a> IntoIterator for Attributes<'a> {
    type Item = (&'a [u8], &'a [u8]);
    type IntoIter = Iter<'a>;

    fn into_iter(self) -> Iter<'a> {
        Iter(self.0)
    }
}

/// Iterator over names and values.
#[derive(Clone)]
pub struct Iter<'a>(&'a [u8]);

impl<'a> Iterator for Iter<'a> {
    type Item = (&'a [u8], &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let key = u16::from_le_bytes([*self.0.first()?, *self.0.get(1)?]) as usize;
        let value = u32::from_le_bytes([*self.0.get(2)?, *self.0.get(3)?, *self.0.get(4)?, *self.0.get(5)?]) as usize;
        let rest = self.0.get(HEADER..)?;
        let (k, v) = (rest.get(..key)?, rest.get(key..)?.get(..value)?);
        self.0 = rest.get(key + value..)?;
        Some((k, v))
    }
}

#[cfg(test)]
mod tests {
    use crate::testing;
    use std::{string::String, vec::Vec};

    #[test]
    fn keeps_order() {
        testing::event(|e| {
            let e = e.with_attribute("b", "2").with_attribute("a", "1").with_attribute("c", "").with_attribute("b", "3");
            let all: Vec<String> = e
                .attributes()
                .into_iter()
                .map(|(k, v)| std::format!("{}={}", String::from_utf8_lossy(k), String::from_utf8_lossy(v)))
                .collect();
            assert_eq!(all, ["a=1", "b=3", "c="]);
            let a = e.without_attribute("a").without_attribute("absent").attributes();
            assert_eq!((a.len(), a.get("a"), a.get("b"), a.get("c"), a.get("")), (2, None, Some("3"), Some(""), None));
        });
    }

    #[test]
    fn stops_at_what_is_cut_short() {
        let whole = [1, 0, 1, 0, 0, 0, b'k', b'v'];
        for n in 0..whole.len() {
            assert_eq!(super::Attributes(&whole[..n]).len(), 0);
        }
        assert_eq!(super::Attributes(&whole).len(), 1);
        assert_eq!(super::Attributes(&[1, 0, 255, 255, 255, 255, b'k']).len(), 0);
    }

    #[test]
    #[should_panic(expected = "1 to 65535 bytes")]
    fn refuses_an_empty_name() {
        testing::event(|e| {
            e.with_attribute("", "v");
        });
    }
}
