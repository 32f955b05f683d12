// UTF-8 beside AssemblyScript's UTF-16, without making strings.

/** Returns the text of the bytes. */
// @ts-ignore: decorator
@inline
export function decode(at: usize, len: usize): string {
  return String.UTF8.decodeUnsafe(at, len);
}

/** Tells whether the bytes are text. */
export function same(at: usize, len: usize, text: string): bool {
  const end = at + len;
  let unit = changetype<usize>(text);
  const last = unit + (<usize>text.length << 1);
  while (at < end) {
    if (unit == last) return false;
    let c = <u32>load<u8>(at++);
    if (c >= 0x80) {
      const more = c >= 0xf0 ? 3 : c >= 0xe0 ? 2 : 1;
      if (at + more > end) return false;
      c &= 0x3f >> more;
      for (let i = 0; i < more; i++) c = (c << 6) | (load<u8>(at++) & 0x3f);
      if (c >= 0x10000) {
        if (load<u16>(unit) != (((c - 0x10000) >> 10) | 0xd800)) return false;
        unit += 2;
        c = (c & 0x3ff) | 0xdc00;
        if (unit == last) return false;
      }
    }
    if (load<u16>(unit) != c) return false;
    unit += 2;
  }
  return unit == last;
}

/** Compares bytes as unsigned ones; a prefix comes first. */
export function compare(a: usize, aLen: usize, b: usize, bLen: usize): i32 {
  const order = memory.compare(a, b, min(aLen, bLen));
  return order || <i32>(aLen > bLen) - <i32>(aLen < bLen);
}
