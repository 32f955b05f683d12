// Package deflate is permessage-deflate (RFC 7692) as this relay and its client speak it: without context takeover. It
// owns what is offered and answered in handshakes, and inflating one message within a limit. It does not own frames,
// nor compressing: events are compressed by the fan-out, once for all, and nothing else is.
//
//	server: Accept(offers) → answer → Pool.Inflate for each message with RSV1
//	client: Offer → Check(answer) → Pool.Inflate
package deflate
