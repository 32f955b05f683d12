// Reads the payload as JSON in every way, for the tests of the reader. The attribute `do` says which, `name` is a field.
import { Event, Json, Kind, Verdict, drop, fail, onEvent, replaceEvent } from "../index";
export * from "../exports";

onEvent((event: Event): Verdict => {
  const json = Json.of(event.payload);
  const name = event.attributes.get("name");
  const verb = event.attributes.get("do");
  if (verb == "field") {
    const field = json.field(name);
    if (!field.exists) return drop("absent");
    if (field.is(field.text) != (field.raw.charAt(0) == '"')) return fail("is and text differ");
    return answer(event, field.text);
  }
  if (verb == "is") return json.field(name).is(event.attributes.get("text")) ? drop("yes") : drop("no");
  if (verb == "elements") {
    const all = json.elements();
    const texts: string[] = [];
    for (let i = 0; i < all.length; i++) {
      if (all[i].raw != json.at(i).raw) return fail("at and elements differ");
      texts.push(all[i].raw + ":" + all[i].type.toString() + (all[i].isInt ? ":" + all[i].int.toString() : ""));
    }
    return answer(event, texts.join("|"));
  }
  if (verb == "keys") return answer(event, json.keys().join("|"));
  const all = json.elements();
  for (let i = 0; i < all.length; i++) all[i].float;
  return answer(event, json.raw + json.text + json.field(name).text + json.keys().join("") + json.int.toString());
});

function answer(event: Event, text: string): Verdict {
  event.kind = Kind.Text;
  event.text = text;
  return replaceEvent(event);
}
