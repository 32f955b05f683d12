// The scan as a filter of relay in AssemblyScript, with the SDK.
import { Event, Verdict, drop, onEvent, pass } from "../../../../sdk/assemblyscript";
export * from "../../../../sdk/assemblyscript/exports";

onEvent((event: Event): Verdict => {
  const payload = event.payload;
  const length = payload.length;
  for (let i = 0; i < length; i++) {
    if (unchecked(payload[i]) < 0x20) return drop("control characters");
  }
  return pass();
});
