import { Json, Type } from "./json";

/**
 * What the operator wrote under `config:` in relay.yaml, an object; an empty one if nothing. A getter returns `otherwise`
 * if there is no such field. If there is one that is not what it should be, the filter will not be loaded: there is nothing
 * to check.
 */
export class Config {
  /** All of it, for what has no getter. Valid until the handler of onInit returns. */
  json: Json;
  /** What is wrong, "" if nothing. */
  wrong: string = "";

  constructor(at: usize, length: usize) {
    this.json = new Json(null, at, at + length);
  }

  /** Keeps the filter from being loaded, with this text for the operator. The first one counts. */
  fail(why: string): void {
    if (!this.wrong.length) this.wrong = why;
  }

  /** Fails if there is a field of another name, which is most often a slip of the pen. */
  only(names: string[]): void {
    const fields = this.json.keys();
    for (let i = 0; i < fields.length; i++) {
      if (!names.includes(fields[i])) {
        this.fail("config: " + '"' + fields[i] + '"' + " is unknown; there are: " + names.join(", "));
      }
    }
  }

  /** Returns the text of a field. */
  text(name: string, otherwise: string = ""): string {
    const field = this.json.field(name);
    if (field.type == Type.Text) return field.text;
    this.want(field, name, "text");
    return otherwise;
  }

  /** Returns the whole number of a field. */
  int(name: string, otherwise: i64 = 0): i64 {
    const field = this.json.field(name);
    if (field.isInt) return field.int;
    this.want(field, name, "a whole number");
    return otherwise;
  }

  /** Returns the number of a field. */
  float(name: string, otherwise: f64 = 0): f64 {
    const field = this.json.field(name);
    if (field.type == Type.Number) return field.float;
    this.want(field, name, "a number");
    return otherwise;
  }

  /** Returns whether a field is true. */
  bool(name: string, otherwise: bool = false): bool {
    const field = this.json.field(name);
    if (field.type == Type.Bool) return field.bool;
    this.want(field, name, "true or false");
    return otherwise;
  }

  /** Returns the texts of a field that is a list, none if there is no such field. A single text is a list of one. */
  texts(name: string): string[] {
    const field = this.json.field(name);
    if (field.type == Type.Text) return [field.text];
    if (field.type != Type.List) {
      this.want(field, name, "a list of texts");
      return [];
    }
    const texts: string[] = [];
    const elements = field.elements();
    for (let i = 0; i < elements.length; i++) {
      if (elements[i].type != Type.Text) this.want(elements[i], name, "a list of texts");
      texts.push(elements[i].text);
    }
    return texts;
  }

  private want(field: Json, name: string, what: string): void {
    if (field.exists) this.fail("config: " + name + ": want " + what);
  }
}
