use crate::memory::Scratch;
use core::{fmt, str};

/// A JSON value, read where it lies: nothing is decoded before it is asked for, and fields that are not asked for are
/// passed over. What is not there is *absent*, as are the fields and elements of what has none, so that a path needs no
/// check in between: `event.field("user").field("name") == "ada"`.
///
/// It compares with `&str`, `i64` and `bool`. relay has checked the payload of an event that is JSON; of text that is no
/// JSON it may make anything, but a panic.
#[derive(Clone, Copy)]
pub struct Json<'a> {
    raw: &'a [u8],
    scratch: Scratch<'a>,
}

/// What a JSON value is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs)]
pub enum JsonKind {
    Absent,
    Null,
    Bool,
    Number,
    Text,
    List,
    Object,
}

impl<'a> Json<'a> {
    /// Reads text that the filter believes to be JSON, as the payload of an event that was sent as text.
    #[inline]
    pub fn new(text: &'a [u8], scratch: Scratch<'a>) -> Self {
        let start = space(text, 0);
        Json { raw: cut(text, start, text.len()), scratch }
    }

    /// Returns what it is.
    pub fn kind(self) -> JsonKind {
        match self.raw.first() {
            Some(b'"') => JsonKind::Text,
            Some(b'{') => JsonKind::Object,
            Some(b'[') => JsonKind::List,
            Some(b't') | Some(b'f') => JsonKind::Bool,
            Some(b'n') => JsonKind::Null,
            Some(b'-') | Some(b'0'..=b'9') => JsonKind::Number,
            _ => JsonKind::Absent,
        }
    }

    /// Tells whether it is there; null is.
    pub fn exists(self) -> bool {
        self.kind() != JsonKind::Absent
    }

    /// Returns its bytes as they lie in the payload.
    pub fn raw(self) -> &'a [u8] {
        cut(self.raw, 0, value_end(self.raw, 0))
    }

    /// Returns the field of an object, the first one if the name comes twice (in an event that is JSON none does).
    pub fn field(self, name: &str) -> Json<'a> {
        let mut fields = self.fields();
        while let Some((key, value)) = fields.next_raw() {
            if text_is(key, name.as_bytes()) {
                return Json { raw: cut(fields.0.rest, value, fields.0.rest.len()), ..self };
            }
            fields.0.rest = cut(fields.0.rest, value_end(fields.0.rest, value), fields.0.rest.len());
        }
        Json { raw: &[], ..self }
    }

    /// Returns an element of a list.
    pub fn at(self, index: usize) -> Json<'a> {
        self.elements().nth(index).unwrap_or(Json { raw: &[], ..self })
    }

    /// Returns the elements of a list; none of anything else.
    pub fn elements(self) -> Elements<'a> {
        Elements(self.inside(b'['))
    }

    /// Returns names and values of an object; none of anything else.
    pub fn fields(self) -> Fields<'a> {
        Fields(self.inside(b'{'))
    }

    fn inside(self, bracket: u8) -> Inside<'a> {
        let rest = if self.raw.first() == Some(&bracket) { cut(self.raw, 1, self.raw.len()) } else { &[] };
        Inside { rest, scratch: self.scratch }
    }

    /// Returns the text of a string. One with escapes is put into scratch memory.
    pub fn text(self) -> Option<&'a str> {
        let inner = self.string()?;
        if plain(inner) == inner.len() {
            return str::from_utf8(inner).ok();
        }
        let mut out = self.scratch.builder();
        unescape(inner, |piece| {
            out.push(piece);
            true
        });
        str::from_utf8(out.bytes()).ok()
    }

    /// Returns a whole number that is written without fraction and exponent, and fits.
    pub fn int(self) -> Option<i64> {
        let (negative, digits) = match self.number()?.split_first()? {
            (b'-', rest) => (true, rest),
            _ => (false, self.number()?),
        };
        if digits.is_empty() {
            return None;
        }
        let mut n: i64 = 0;
        for &c in digits {
            let d = i64::from(c.wrapping_sub(b'0'));
            if d > 9 {
                return None;
            }
            n = n.checked_mul(10)?.checked_sub(d)?;
        }
        if negative {
            Some(n)
        } else {
            n.checked_neg()
        }
    }

    /// Returns a number. It costs 20 KB of module, for all that rounding takes.
    pub fn float(self) -> Option<f64> {
        str::from_utf8(self.number()?).ok()?.parse().ok()
    }

    /// Returns true or false.
    pub fn bool(self) -> Option<bool> {
        match self.raw() {
            b"true" => Some(true),
            b"false" => Some(false),
            _ => None,
        }
    }

    fn number(self) -> Option<&'a [u8]> {
        match self.kind() {
            JsonKind::Number => Some(self.raw()),
            _ => None,
        }
    }

    /// Returns what lies between the quotes of a string.
    fn string(self) -> Option<&'a [u8]> {
        match self.raw.first() {
            Some(b'"') => Some(cut(self.raw, 1, string_end(self.raw, 1))),
            _ => None,
        }
    }
}

impl PartialEq<str> for Json<'_> {
    fn eq(&self, other: &str) -> bool {
        matches!(self.string(), Some(inner) if text_is(inner, other.as_bytes()))
    }
}

impl PartialEq<&str> for Json<'_> {
    fn eq(&self, other: &&str) -> bool {
        *self == **other
    }
}

impl PartialEq<i64> for Json<'_> {
    fn eq(&self, other: &i64) -> bool {
        self.int() == Some(*other)
    }
}

impl PartialEq<bool> for Json<'_> {
    fn eq(&self, other: &bool) -> bool {
        self.bool() == Some(*other)
    }
}

/// As it lies in the payload.
impl fmt::Debug for Json<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(str::from_utf8(self.raw()).unwrap_or("(not UTF-8)"))
    }
}

/// What is left of an object or a list.
#[derive(Clone)]
struct Inside<'a> {
    rest: &'a [u8],
    scratch: Scratch<'a>,
}

impl<'a> Inside<'a> {
    /// Returns where the next item begins in rest, behind a comma. At the end there is nothing more.
    fn next(&self) -> usize {
        match space(self.rest, 0) {
            i if self.rest.get(i) == Some(&b',') => space(self.rest, i + 1),
            i => i,
        }
    }

    /// Takes the value at i.
    fn value(&mut self, i: usize) -> Json<'a> {
        let end = value_end(self.rest, i);
        let raw = cut(self.rest, i, end);
        self.rest = cut(self.rest, end, self.rest.len());
        Json { raw, scratch: self.scratch }
    }
}

/// Iterator over the elements of a list.
#[derive(Clone)]
pub struct Elements<'a>(Inside<'a>);

impl<'a> Iterator for Elements<'a> {
    type Item = Json<'a>;

    fn next(&mut self) -> Option<Json<'a>> {
        let i = self.0.next();
        match self.0.rest.get(i) {
            None | Some(b']') | Some(b'}') | Some(b',') | Some(b':') => None,
            _ => Some(self.0.value(i)),
        }
    }
}

/// Iterator over names, which are JSON texts too, and values of an object.
#[derive(Clone)]
pub struct Fields<'a>(Inside<'a>);

impl<'a> Fields<'a> {
    /// Returns the next name, without its quotes, and where its value begins in rest.
    #[inline]
    fn next_raw(&mut self) -> Option<(&'a [u8], usize)> {
        let b = self.0.rest;
        let i = self.0.next();
        if b.get(i) != Some(&b'"') {
            return None;
        }
        let end = string_end(b, i + 1);
        let colon = space(b, end + 1);
        if b.get(colon) != Some(&b':') {
            return None;
        }
        Some((cut(b, i + 1, end), space(b, colon + 1)))
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = (Json<'a>, Json<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        let (b, start) = (self.0.rest, self.0.next());
        let (key, value) = self.next_raw()?;
        let name = Json { raw: cut(b, start, start + key.len() + 2), scratch: self.0.scratch };
        Some((name, self.0.value(value)))
    }
}

/// Returns b[from..to], or nothing where that is beyond it.
#[inline]
fn cut(b: &[u8], from: usize, to: usize) -> &[u8] {
    b.get(from..to.min(b.len())).unwrap_or(&[])
}

/// Returns where white space that begins at i ends.
#[inline]
fn space(b: &[u8], mut i: usize) -> usize {
    while matches!(b.get(i), Some(b' ' | b'\n' | b'\r' | b'\t')) {
        i += 1;
    }
    i
}

const ONES: u64 = 0x0101_0101_0101_0101;

/// Returns a word in which the lowest bit that is set says where the first byte c is, eight bits each.
#[inline]
fn spot(word: u64, c: u8) -> u64 {
    let x = word ^ (ONES * c as u64);
    x.wrapping_sub(ONES) & !x & (ONES << 7)
}

/// Returns how many bytes come before the first backslash. The slice's own search has a way to panic, which is 10 KB.
#[inline]
fn plain(b: &[u8]) -> usize {
    let mut i = 0;
    while let Some(Ok(eight)) = b.get(i..i + 8).map(<[u8; 8]>::try_from) {
        match spot(u64::from_le_bytes(eight), b'\\') {
            0 => i += 8,
            found => return i + (found.trailing_zeros() / 8) as usize,
        }
    }
    while !matches!(b.get(i), None | Some(b'\\')) {
        i += 1;
    }
    i
}

/// Returns where the closing quote is of the string whose first letter is at i; the end of b if it has none.
#[inline]
fn string_end(b: &[u8], mut i: usize) -> usize {
    while let Some(Ok(eight)) = b.get(i..i.wrapping_add(8)).map(<[u8; 8]>::try_from) {
        let word = u64::from_le_bytes(eight);
        let found = spot(word, b'"') | spot(word, b'\\');
        if found == 0 {
            i += 8;
            continue;
        }
        i += (found.trailing_zeros() / 8) as usize;
        match b.get(i) {
            Some(b'"') => return i,
            _ => i += 2,
        }
    }
    loop {
        match b.get(i) {
            None => return b.len(),
            Some(b'"') => return i,
            Some(b'\\') => i += 2,
            _ => i += 1,
        }
    }
}

/// Returns where the value ends that begins at i.
fn value_end(b: &[u8], mut i: usize) -> usize {
    match b.get(i) {
        Some(b'"') => return (string_end(b, i + 1) + 1).min(b.len()),
        Some(b'{') | Some(b'[') => {}
        _ => {
            while !matches!(b.get(i), None | Some(b',' | b']' | b'}' | b':' | b'"' | b' ' | b'\n' | b'\r' | b'\t')) {
                i += 1;
            }
            return i;
        }
    }
    let mut depth = 0usize;
    loop {
        match b.get(i) {
            None => return b.len(),
            Some(b'"') => i = string_end(b, i + 1),
            Some(b'{') | Some(b'[') => depth += 1,
            Some(b'}') | Some(b']') => {
                depth = depth.wrapping_sub(1);
                if depth == 0 {
                    return i + 1;
                }
            }
            _ => {}
        }
        i += 1;
    }
}

/// Tells whether inner, which lies between quotes, is text.
#[inline]
fn text_is(inner: &[u8], mut text: &[u8]) -> bool {
    if plain(inner) == inner.len() {
        return inner == text;
    }
    let all = unescape(inner, |piece| match text.strip_prefix(piece) {
        Some(rest) => {
            text = rest;
            true
        }
        None => false,
    });
    all && text.is_empty()
}

/// Calls take with the pieces of what lies between quotes, until it returns false, and tells whether it never did. Half a
/// surrogate pair, and an escape that is none, become U+FFFD.
fn unescape(mut b: &[u8], mut take: impl FnMut(&[u8]) -> bool) -> bool {
    while !b.is_empty() {
        let n = plain(b);
        if n > 0 && !take(cut(b, 0, n)) {
            return false;
        }
        b = cut(b, n, b.len());
        if b.is_empty() {
            break;
        }
        let (c, n) = escape(b);
        let (bytes, len) = utf8(c as u32);
        if !take(cut(&bytes, 0, len)) {
            return false;
        }
        b = cut(b, n, b.len());
    }
    true
}

/// Returns the bytes of a letter, and how many there are: char::encode_utf8 without its way to panic, which is 10 KB.
fn utf8(c: u32) -> ([u8; 4], usize) {
    let tail = |shift: u32| 0x80 | (c >> shift & 0x3f) as u8;
    match c {
        0..=0x7f => ([c as u8, 0, 0, 0], 1),
        0x80..=0x7ff => ([0xc0 | (c >> 6) as u8, tail(0), 0, 0], 2),
        0x800..=0xffff => ([0xe0 | (c >> 12) as u8, tail(6), tail(0), 0], 3),
        _ => ([0xf0 | (c >> 18) as u8, tail(12), tail(6), tail(0)], 4),
    }
}

/// Reads the escape that b begins with, and returns its length.
fn escape(b: &[u8]) -> (char, usize) {
    let c = match b.get(1) {
        Some(b'b') => '\u{8}',
        Some(b'f') => '\u{c}',
        Some(b'n') => '\n',
        Some(b'r') => '\r',
        Some(b't') => '\t',
        Some(b'u') => return unicode(b),
        Some(&c) if c.is_ascii() => c as char,
        _ => char::REPLACEMENT_CHARACTER,
    };
    (c, 2)
}

fn unicode(b: &[u8]) -> (char, usize) {
    let high = match hex(b) {
        Some(u) => u,
        None => return (char::REPLACEMENT_CHARACTER, 2),
    };
    if (0xd800..0xdc00).contains(&high) {
        if let Some(low @ 0xdc00..=0xdfff) = hex(cut(b, 6, b.len())) {
            let c = 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
            return (char::from_u32(c).unwrap_or(char::REPLACEMENT_CHARACTER), 12);
        }
    }
    (char::from_u32(high).unwrap_or(char::REPLACEMENT_CHARACTER), 6)
}

/// Reads `\uXXXX`.
fn hex(b: &[u8]) -> Option<u32> {
    let mut n = 0;
    for &c in b.strip_prefix(b"\\u")?.get(..4)? {
        n = n << 4 | (c as char).to_digit(16)?;
    }
    Some(n)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;
    use std::{string::String, vec::Vec};

    /// Calls f with text as JSON.
    fn json(text: &str, f: impl FnOnce(Json<'_>)) {
        testing::event(|e| f(Json::new(e.scratch().copy(text.as_bytes()), e.scratch())));
    }

    #[test]
    fn finds_fields() {
        for (text, level) in [
            (r#"{"level":"debug"}"#, Some("debug")),
            ("{ \"a\" : [1,{\"x\":\"}\"}] ,\n\t\"level\" : \"debug\" , \"b\":2 }", Some("debug")),
            (r#"{"\u006cevel":"\u0064ebug"}"#, Some("debug")),
            (r#"{"a":{"level":"x"},"level":"y"}"#, Some("y")),
            (r#"{"a":"\"level\":\"debug\"","level":""}"#, Some("")),
            (r#"{"a":"\\","level":"\\\"ü\ud83d\ude9a"}"#, Some("\\\"ü🚚")),
            (r#"{"levels":"debug"}"#, None),
            (r#"{"a":{"level":"debug"}}"#, None),
            (r#"{"level":null}"#, None),
            (r#"["level","debug"]"#, None),
            (r#""level""#, None),
            ("{}", None),
            ("", None),
        ] {
            json(text, |j| {
                assert_eq!(j.field("level").text(), level, "{}", text);
                assert_eq!(j.field("level") == "debug", level == Some("debug"), "{}", text);
            });
        }
    }

    #[test]
    fn reads_scalars() {
        json(r#" [12, -9223372036854775808, 9223372036854775808, 1.5, 1e3, "7", true, false, null, -] "#, |j| {
            let ints: Vec<_> = j.elements().map(Json::int).collect();
            assert_eq!(ints, [Some(12), Some(i64::MIN), None, None, None, None, None, None, None, None]);
            let floats: Vec<_> = j.elements().map(Json::float).collect();
            assert_eq!(floats[..5], [Some(12.0), Some(-9223372036854775808.0), Some(9223372036854775808.0), Some(1.5), Some(1000.0)]);
            assert!(j.at(6) == true && j.at(7) == false && j.at(0) == 12 && j.at(5) == "7");
            assert_eq!(j.at(8).kind(), JsonKind::Null);
            assert!(!j.at(10).exists() && !j.at(1 << 40).exists());
            assert_eq!(j.at(3).raw(), b"1.5");
        });
    }

    #[test]
    fn walks() {
        json(r#"{"a": [1, [2, {"b": "]"}], {}], "\u0062": {"c": []}}"#, |j| {
            let names: Vec<_> = j.fields().map(|(k, v)| std::format!("{}={:?}", k.text().unwrap(), v)).collect();
            assert_eq!(names, [r#"a=[1, [2, {"b": "]"}], {}]"#, r#"b={"c": []}"#]);
            let raw: Vec<_> = j.field("a").elements().map(|e| String::from_utf8_lossy(e.raw()).into_owned()).collect();
            assert_eq!(raw, ["1", r#"[2, {"b": "]"}]"#, "{}"]);
            assert!(j.field("a").at(1).at(1).field("b") == "]");
            assert_eq!(j.field("b").field("c").elements().count(), 0);
        });
    }

    /// Strings are read eight bytes at a time: wherever an escape, a quote or the end lies within them, the rest is found.
    #[test]
    fn reads_long_strings() {
        for before in 0..18 {
            for special in ["", r#"\""#, r"\\", r#"\\\""#, r"\u0022", "ÿ"] {
                for after in 0..18 {
                    let s = std::format!(r#"{{"a":"{}{}{}","b":"c"}}"#, "x".repeat(before), special, "y".repeat(after));
                    json(&s, |j| assert!(j.field("b") == "c", "{}", s));
                    json(&s[..s.find("\",\"b").unwrap()], |j| assert!(!j.field("b").exists(), "{}", s));
                }
            }
        }
    }

    /// What is no JSON must end, without a panic.
    #[test]
    fn survives_anything() {
        let alphabet = br#"{}[]",:\u0tn-1 e"#;
        let mut seed = 1u32;
        for _ in 0..200_000 {
            let mut b = Vec::new();
            loop {
                seed = seed.wrapping_mul(1664525).wrapping_add(1013904223);
                match alphabet.get((seed >> 24) as usize % 20) {
                    Some(&c) => b.push(c),
                    None => break,
                }
            }
            testing::event(|e| {
                let j = Json::new(e.scratch().copy(&b), e.scratch());
                let _ = (j.field("u").text(), j.at(1).int(), j.bool(), j.float(), j == "", j.raw());
                for (k, v) in j.fields() {
                    let _ = (k.text(), v.elements().count(), v.text());
                }
            });
        }
    }
}
