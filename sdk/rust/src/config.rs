use crate::json::{Json, JsonKind};
use crate::memory::Scratch;
use crate::verdict::{Error, Result};

/// What the operator wrote under `config:` in relay.yaml, an object; an empty one if nothing. It ends with `on_init`, as
/// `'c` says; the texts that its getters give last for ever.
#[derive(Clone, Copy)]
pub struct Config<'c> {
    json: Json<'static>,
    forever: Scratch<'static>, // not to be given away: it is for ever only until on_init returns
    scratch: Scratch<'c>,
}

impl<'c> Config<'c> {
    /// # Safety
    /// `'c` ends before what is in scratch memory is kept for ever.
    pub(crate) unsafe fn new(json: &[u8]) -> Self {
        // SAFETY: by the caller's word, nothing is allocated by it once 'c has ended.
        let (forever, scratch) = unsafe { (Scratch::new(), Scratch::new()) };
        Config { json: Json::new(forever.copy(json), forever), forever, scratch }
    }

    /// Returns an error if there is a field of another name, which is most often a slip of the pen.
    pub fn only(self, names: &[&str]) -> Result<'static, ()> {
        for (key, _) in self.json.fields() {
            if names.iter().any(|n| key == *n) {
                continue;
            }
            let mut b = self.forever.builder();
            b.push(b"config: ");
            b.push(key.raw());
            b.push(b" is unknown; there are: ");
            for (i, n) in names.iter().enumerate() {
                b.push(if i > 0 { b", " } else { b"" });
                b.push(n.as_bytes());
            }
            return Err(Error::new(core::str::from_utf8(b.bytes()).unwrap_or("config: a field is unknown")));
        }
        Ok(())
    }

    /// Returns the text of a field, or otherwise if there is no such field.
    pub fn text(self, name: &str, otherwise: &'static str) -> Result<'static, &'static str> {
        self.get(name, otherwise, Json::text, "text")
    }

    /// Returns the whole number of a field, or otherwise if there is no such field.
    pub fn int(self, name: &str, otherwise: i64) -> Result<'static, i64> {
        self.get(name, otherwise, Json::int, "a whole number")
    }

    /// Returns the number of a field, or otherwise if there is no such field.
    pub fn float(self, name: &str, otherwise: f64) -> Result<'static, f64> {
        self.get(name, otherwise, Json::float, "a number")
    }

    /// Returns whether a field is true, or otherwise if there is no such field.
    pub fn bool(self, name: &str, otherwise: bool) -> Result<'static, bool> {
        self.get(name, otherwise, Json::bool, "true or false")
    }

    /// Returns the texts of a field that is a list, none if there is no such field. A single text is a list of one.
    pub fn texts(self, name: &str) -> Result<'static, &'static [&'static str]> {
        let field = self.json.field(name);
        let want = "a list of texts";
        match field.kind() {
            JsonKind::Absent => Ok(&[]),
            JsonKind::Text => Ok(self.forever.list(1, core::iter::once(self.get(name, "", Json::text, want)?))),
            JsonKind::List if field.elements().all(|e| e.text().is_some()) => {
                Ok(self.forever.list(field.elements().count(), field.elements().filter_map(Json::text)))
            }
            _ => Err(self.wrong(name, want)),
        }
    }

    /// Returns all of it, for what has no getter.
    pub fn json(self) -> Json<'c> {
        self.json
    }

    /// Memory for what is needed until `on_init` returns.
    pub fn scratch(self) -> Scratch<'c> {
        self.scratch
    }

    /// Returns the error of a field that is not what it should be.
    pub fn wrong(self, name: &str, want: &str) -> Error<'static> {
        Error::new(self.forever.concat(&["config: ", name, ": want ", want]))
    }

    fn get<T>(self, name: &str, otherwise: T, read: fn(Json<'static>) -> Option<T>, want: &str) -> Result<'static, T> {
        let field = self.json.field(name);
        match read(field) {
            Some(v) => Ok(v),
            None if !field.exists() => Ok(otherwise),
            None => Err(self.wrong(name, want)),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::testing;

    #[test]
    fn reads_fields() {
        let c = testing::config(r#"{"word": "w\n", "n": -3, "x": 1.5, "on": true, "names": ["a", "\u0062"], "one": "c", "null": null}"#);
        assert_eq!(c.text("word", "none"), Ok("w\n"));
        assert_eq!(c.text("absent", "none"), Ok("none"));
        assert_eq!((c.int("n", 7), c.int("absent", 7)), (Ok(-3), Ok(7)));
        assert_eq!((c.float("x", 0.0), c.bool("on", false), c.bool("absent", true)), (Ok(1.5), Ok(true), Ok(true)));
        assert_eq!(c.texts("names"), Ok(&["a", "b"][..]));
        assert_eq!((c.texts("one"), c.texts("absent")), (Ok(&["c"][..]), Ok(&[][..])));
        for (got, want) in [
            (c.text("n", "").err(), "config: n: want text"),
            (c.text("null", "").err(), "config: null: want text"),
            (c.int("x", 0).err(), "config: x: want a whole number"),
            (c.bool("n", true).err(), "config: n: want true or false"),
            (c.texts("n").err(), "config: n: want a list of texts"),
            (c.only(&["word", "n"]).err(), "config: \"x\" is unknown; there are: word, n"),
        ] {
            assert_eq!(got.map(|e| std::string::ToString::to_string(&e)).as_deref(), Some(want));
        }
        assert_eq!(c.only(&["word", "n", "x", "on", "names", "one", "null"]), Ok(()));
    }
}
