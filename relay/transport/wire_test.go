package transport

// wireCase is what a client sends, masked with key 0 where nothing else is said, and what an echoing server answers.
type wireCase struct {
	Name string
	In   string   // hex
	Out  []string // frames, hex, in order
	Code uint16   // of the close frame that ends it; 0 when the connection stays open or Out ends with a close frame
}

const key = " 00 00 00 00 "

// wireCases follow the sections of RFC 6455, and of the Autobahn test suite.
var wireCases = []wireCase{
	// 1 Framing
	{Name: "text", In: "81 85" + key + "48 65 6c 6c 6f", Out: []string{"81 05 48 65 6c 6c 6f"}},
	{Name: "text with the key of RFC 6455 5.7", In: "81 85 37 fa 21 3d 7f 9f 4d 51 58", Out: []string{"81 05 48 65 6c 6c 6f"}},
	{Name: "empty text", In: "81 80" + key, Out: []string{"81 00"}},
	{Name: "empty binary", In: "82 80" + key, Out: []string{"82 00"}},
	{Name: "binary that is not UTF-8", In: "82 83" + key + "01 ff fe", Out: []string{"82 03 01 ff fe"}},
	{Name: "two messages", In: "81 81" + key + "61 82 81" + key + "62", Out: []string{"81 01 61", "82 01 62"}},
	{Name: "key of ones", In: "81 81 ff ff ff ff 9e", Out: []string{"81 01 61"}},
	{Name: "not masked", In: "81 01 61", Code: 1002},
	{Name: "not masked, empty", In: "81 00", Code: 1002},

	// 5.2 Lengths
	{Name: "16-bit length that fits 7 bits", In: "82 fe 00 7d" + key, Code: 1002},
	{Name: "64-bit length that fits 16 bits", In: "82 ff 00 00 00 00 00 00 ff ff" + key, Code: 1002},
	{Name: "64-bit length with its top bit", In: "82 ff 80 00 00 00 00 00 00 00", Code: 1002},
	{Name: "64-bit length, all ones", In: "82 ff ff", Code: 1002},
	{Name: "length 2^63-1", In: "82 ff 7f ff ff ff ff ff ff ff" + key, Code: 1009},
	{Name: "length 2^31", In: "82 ff 00 00 00 00 80 00 00 00" + key, Code: 1009},
	{Name: "length 2^32-1", In: "82 ff 00 00 00 00 ff ff ff ff" + key, Code: 1009},
	{Name: "one byte more than the limit", In: "82 ff 00 00 00 00 00 01 00 01" + key, Code: 1009},
	{Name: "fragment of 2^63-1 after another", In: "02 81" + key + "61 80 ff 7f ff ff ff ff ff ff ff" + key, Code: 1009},

	// 3 Reserved bits
	{Name: "RSV1", In: "c1 80" + key, Code: 1002},
	{Name: "RSV2", In: "a1 80" + key, Code: 1002},
	{Name: "RSV3", In: "91 80" + key, Code: 1002},
	{Name: "RSV1 on a ping", In: "c9 80" + key, Code: 1002},
	{Name: "RSV2 on a continuation", In: "01 81" + key + "61 a0 80" + key, Code: 1002},

	// 4 Opcodes
	{Name: "opcode 3", In: "83 80" + key, Code: 1002},
	{Name: "opcode 4", In: "84 80" + key, Code: 1002},
	{Name: "opcode 7", In: "87 80" + key, Code: 1002},
	{Name: "opcode b", In: "8b 80" + key, Code: 1002},
	{Name: "opcode f", In: "8f 80" + key, Code: 1002},

	// 2 Pings and pongs
	{Name: "ping", In: "89 80" + key, Out: []string{"8a 00"}},
	{Name: "ping with payload", In: "89 84" + key + "00 ff fe fd", Out: []string{"8a 04 00 ff fe fd"}},
	{Name: "ping with a key", In: "89 81 01 02 03 04 60", Out: []string{"8a 01 61"}},
	{Name: "ping of 126 bytes", In: "89 fe 00 7e" + key, Code: 1002},
	{Name: "ping of 64-bit length", In: "89 ff 00 00 00 00 00 01 00 00" + key, Code: 1002},
	{Name: "pong nobody asked for", In: "8a 81" + key + "61 89 80" + key, Out: []string{"8a 00"}},
	{Name: "ten pings", In: rep("89 80"+key, 10), Out: []string{"8a 00", "8a 00", "8a 00", "8a 00", "8a 00", "8a 00", "8a 00", "8a 00", "8a 00", "8a 00"}},

	// 5 Fragments
	{Name: "two fragments", In: "01 83" + key + "48 65 6c 80 82" + key + "6c 6f", Out: []string{"81 05 48 65 6c 6c 6f"}},
	{Name: "binary fragments", In: "02 81" + key + "ff 00 81" + key + "fe 80 81" + key + "fd", Out: []string{"82 03 ff fe fd"}},
	{Name: "empty fragments", In: "01 80" + key + "00 80" + key + "80 80" + key, Out: []string{"81 00"}},
	{Name: "ping between fragments", In: "01 81" + key + "61 89 81" + key + "70 80 81" + key + "62", Out: []string{"8a 01 70", "81 02 61 62"}},
	{Name: "fragmented ping", In: "09 80" + key, Code: 1002},
	{Name: "fragmented close", In: "08 80" + key, Code: 1002},
	{Name: "continuation of nothing", In: "80 81" + key + "61", Code: 1002},
	{Name: "continuation of nothing, not final", In: "00 81" + key + "61", Code: 1002},
	{Name: "text within a fragmented message", In: "01 81" + key + "61 81 81" + key + "62", Code: 1002},
	{Name: "binary begins within a fragmented message", In: "01 81" + key + "61 02 81" + key + "62", Code: 1002},
	{Name: "1025 fragments", In: "02 80" + key + rep("00 80"+key, 1024), Code: 1009},
	{Name: "1024 fragments", In: "02 80" + key + rep("00 80"+key, 1022) + "80 80" + key, Out: []string{"82 00"}},

	// 6 UTF-8
	{Name: "UTF-8", In: "81 8b" + key + "ce ba e1 bd b9 cf 83 ce bc ce b5", Out: []string{"81 0b ce ba e1 bd b9 cf 83 ce bc ce b5"}},
	{Name: "a character cut by fragments", In: "01 81" + key + "c3 80 81" + key + "a9", Out: []string{"81 02 c3 a9"}},
	{Name: "U+10FFFF", In: "81 84" + key + "f4 8f bf bf", Out: []string{"81 04 f4 8f bf bf"}},
	{Name: "above U+10FFFF", In: "81 84" + key + "f4 90 80 80", Code: 1007},
	{Name: "above U+10FFFF, seen at its second octet", In: "81 84" + key + "f4 90", Code: 1007},
	{Name: "above U+10FFFF, seen in an unfinished message", In: "01 82" + key + "f4 90", Code: 1007},
	{Name: "surrogate", In: "81 83" + key + "ed a0 80", Code: 1007},
	{Name: "surrogate, cut", In: "01 81" + key + "ed 00 81" + key + "a0", Code: 1007},
	{Name: "overlong slash", In: "81 82" + key + "c0 af", Code: 1007},
	{Name: "overlong, three octets", In: "81 83" + key + "e0 80 af", Code: 1007},
	{Name: "overlong, four octets", In: "81 84" + key + "f0 80 80 af", Code: 1007},
	{Name: "five octets", In: "81 85" + key + "f8 88 80 80 80", Code: 1007},
	{Name: "octet fe", In: "81 81" + key + "fe", Code: 1007},
	{Name: "lone continuation", In: "81 81" + key + "80", Code: 1007},
	{Name: "character not complete", In: "81 81" + key + "c3", Code: 1007},
	{Name: "character not complete at the last fragment", In: "01 81" + key + "61 80 81" + key + "c3", Code: 1007},

	// 7 Close
	{Name: "close", In: "88 80" + key, Out: []string{"88 00"}},
	{Name: "close 1000", In: "88 82" + key + "03 e8", Out: []string{"88 02 03 e8"}},
	{Name: "close with a reason", In: "88 85" + key + "03 e8 62 79 65", Out: []string{"88 02 03 e8"}},
	{Name: "close 3000", In: "88 82" + key + "0b b8", Out: []string{"88 02 0b b8"}},
	{Name: "close 4999", In: "88 82" + key + "13 87", Out: []string{"88 02 13 87"}},
	{Name: "close, then a message", In: "88 80" + key + "81 81" + key + "61", Out: []string{"88 00"}},
	{Name: "close within a fragmented message", In: "01 81" + key + "61 88 80" + key, Out: []string{"88 00"}},
	{Name: "close with one byte", In: "88 81" + key + "03", Code: 1002},
	{Name: "close of 126 bytes", In: "88 fe 00 7e" + key, Code: 1002},
	{Name: "close with a reason that is not UTF-8", In: "88 84" + key + "03 e8 c3 28", Code: 1007},
	{Name: "close 0", In: "88 82" + key + "00 00", Code: 1002},
	{Name: "close 999", In: "88 82" + key + "03 e7", Code: 1002},
	{Name: "close 1004", In: "88 82" + key + "03 ec", Code: 1002},
	{Name: "close 1005", In: "88 82" + key + "03 ed", Code: 1002},
	{Name: "close 1006", In: "88 82" + key + "03 ee", Code: 1002},
	{Name: "close 1012", In: "88 82" + key + "03 f4", Code: 1002},
	{Name: "close 1015", In: "88 82" + key + "03 f7", Code: 1002},
	{Name: "close 1016", In: "88 82" + key + "03 f8", Code: 1002},
	{Name: "close 1100", In: "88 82" + key + "04 4c", Code: 1002},
	{Name: "close 2000", In: "88 82" + key + "07 d0", Code: 1002},
	{Name: "close 2999", In: "88 82" + key + "0b b7", Code: 1002},
	{Name: "close 5000", In: "88 82" + key + "13 88", Code: 1002},
	{Name: "close 65535", In: "88 82" + key + "ff ff", Code: 1002},
}

// deflateCases hold where permessage-deflate was negotiated (RFC 7692). What is echoed is too small to be compressed.
var deflateCases = []wireCase{
	{Name: "compressed text, RFC 7692 7.2.3.1", In: "c1 87" + key + "f2 48 cd c9 c9 07 00", Out: []string{"81 05 48 65 6c 6c 6f"}},
	{Name: "compressed binary", In: "c2 87" + key + "f2 48 cd c9 c9 07 00", Out: []string{"82 05 48 65 6c 6c 6f"}},
	{Name: "compressed, with a key", In: "c1 87 37 fa 21 3d c5 b2 ec f4 fe fd 21", Out: []string{"81 05 48 65 6c 6c 6f"}},
	{Name: "not compressed", In: "81 81" + key + "61", Out: []string{"81 01 61"}},
	{Name: "stored block", In: "c1 8b" + key + "00 05 00 fa ff 48 65 6c 6c 6f 00", Out: []string{"81 05 48 65 6c 6c 6f"}},
	{Name: "last block", In: "c1 88" + key + "f3 48 cd c9 c9 07 00 00", Out: []string{"81 05 48 65 6c 6c 6f"}},
	{Name: "two blocks", In: "c1 8d" + key + "f2 48 05 00 00 00 ff ff ca c9 c9 07 00", Out: []string{"81 05 48 65 6c 6c 6f"}},
	{Name: "empty", In: "c1 81" + key + "00", Out: []string{"81 00"}},
	{Name: "empty without a byte", In: "c1 80" + key, Out: []string{"81 00"}},
	{Name: "fragments", In: "41 83" + key + "f2 48 cd 80 84" + key + "c9 c9 07 00", Out: []string{"81 05 48 65 6c 6c 6f"}},
	{Name: "empty last fragment", In: "41 87" + key + "f2 48 cd c9 c9 07 00 80 80" + key, Out: []string{"81 05 48 65 6c 6c 6f"}},
	{Name: "ping between fragments", In: "41 83" + key + "f2 48 cd 89 81" + key + "70 80 84" + key + "c9 c9 07 00", Out: []string{"8a 01 70", "81 05 48 65 6c 6c 6f"}},
	{Name: "compressed, not, and compressed", In: "c1 87" + key + "f2 48 cd c9 c9 07 00 01 81" + key + "61 80 80" + key + "c1 87" + key + "f2 48 cd c9 c9 07 00", Out: []string{"81 05 48 65 6c 6c 6f", "81 01 61", "81 05 48 65 6c 6c 6f"}},

	{Name: "context takeover, RFC 7692 7.2.3.2", In: "c1 85" + key + "f2 00 11 00 00", Code: 1002},
	{Name: "garbage", In: "c1 83" + key + "ff ff ff", Code: 1002},
	{Name: "cut", In: "c1 83" + key + "f2 48 cd", Code: 1002},
	{Name: "text that is not UTF-8", In: "c1 87" + key + "00 01 00 fe ff ff 00", Code: 1007},
	{Name: "text that ends within a character", In: "c1 87" + key + "00 01 00 fe ff c3 00", Code: 1007},
	{Name: "binary that is not UTF-8", In: "c2 87" + key + "00 01 00 fe ff ff 00", Out: []string{"82 01 ff"}},
	{Name: "longer than the largest message can be", In: "c2 ff 00 00 00 00 00 01 24 41" + key, Code: 1009},
	{Name: "1025 compressed fragments", In: "42 80" + key + rep("00 80"+key, 1024), Code: 1009},

	{Name: "RSV1 on a continuation", In: "41 83" + key + "f2 48 cd c0 84" + key + "c9 c9 07 00", Code: 1002},
	{Name: "RSV1 on the continuation of what is not compressed", In: "01 81" + key + "61 c0 81" + key + "00", Code: 1002},
	{Name: "RSV1 on a continuation of nothing", In: "c0 81" + key + "00", Code: 1002},
	{Name: "RSV1 on a ping", In: "c9 80" + key, Code: 1002},
	{Name: "RSV1 on a pong", In: "ca 80" + key, Code: 1002},
	{Name: "RSV1 on a close", In: "c8 80" + key, Code: 1002},
	{Name: "RSV1 on opcode 3", In: "c3 80" + key, Code: 1002},
	{Name: "RSV1 and RSV2", In: "e1 80" + key, Code: 1002},
	{Name: "RSV1 and RSV3", In: "d1 80" + key, Code: 1002},
	{Name: "RSV2", In: "a1 80" + key, Code: 1002},
	{Name: "RSV3", In: "91 80" + key, Code: 1002},
	{Name: "RSV2 on a continuation", In: "41 83" + key + "f2 48 cd a0 84" + key + "c9 c9 07 00", Code: 1002},
	{Name: "compressed and not masked", In: "c1 07 f2 48 cd c9 c9 07 00", Code: 1002},
	{Name: "compressed within a fragmented message", In: "01 81" + key + "61 c1 87" + key + "f2 48 cd c9 c9 07 00", Code: 1002},
}

func rep(s string, n int) string {
	var out []byte
	for range n {
		out = append(append(out, s...), ' ')
	}
	return string(out)
}
