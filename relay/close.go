package relay

// CloseReason says why a connection ended. Every connection ends with exactly one.
type CloseReason uint8

const (
	ReasonNone         CloseReason = iota
	ReasonClient                   // the client sent a close frame
	ReasonGone                     // the connection was lost: end of stream, reset
	ReasonShutdown                 // the relay is draining
	ReasonProtocol                 // RFC 6455 was broken
	ReasonUTF8                     // a text message or close reason was not UTF-8
	ReasonTooBig                   // a message was larger than max_message_size
	ReasonPolicy                   // the client did what it may not
	ReasonOutbox                   // the client does not read its replies
	ReasonOverload                 // the relay has no room now
	ReasonSlow                     // slow consumer: past the lag limit
	ReasonPong                     // no pong in time
	ReasonHandshake                // the handshake failed or took too long; no WebSocket was opened
	ReasonInternal                 // our own fault
	ReasonDisconnected             // the program called Disconnect
	Reasons            = int(ReasonDisconnected) + 1
)

// closeRow holds what is said of a reason: Code on the wire, Label in metrics and logs, Text to the client.
type closeRow struct {
	Code  uint16
	Label string
	Text  string
}

// Close codes are those of RFC 6455 §7.4.1 and, for 1013, of the IANA registry. In the private range, 4000–4099 mean
// "do not come back" and 4100–4199 "come back with back-off".
var closeTable = [Reasons]closeRow{
	ReasonNone:         {1000, "none", ""},
	ReasonClient:       {1000, "client", ""},
	ReasonGone:         {0, "gone", ""},
	ReasonShutdown:     {1001, "shutdown", "the relay is stopping, reconnect"},
	ReasonProtocol:     {1002, "protocol", "protocol error"},
	ReasonUTF8:         {1007, "utf8", "invalid UTF-8"},
	ReasonTooBig:       {1009, "too_big", "message too big"},
	ReasonPolicy:       {1008, "policy", "policy violation"},
	ReasonOutbox:       {1008, "outbox", "replies are not read"},
	ReasonOverload:     {1013, "overload", "try again later"},
	ReasonSlow:         {4100, "slow", "slow consumer, reconnect with back-off"},
	ReasonPong:         {4101, "pong_timeout", "no pong in time"},
	ReasonHandshake:    {0, "handshake", ""},
	ReasonInternal:     {1011, "internal", "internal error"},
	ReasonDisconnected: {1000, "disconnected", ""},
}

// Code returns the close code for the wire, or 0 when no close frame can be sent.
func (r CloseReason) Code() uint16 { return closeTable[r].Code }

// String returns the word for logs and metric labels.
func (r CloseReason) String() string { return closeTable[r].Label }

// Text returns the reason for the close frame: at most 123 bytes (RFC 6455 §5.5).
func (r CloseReason) Text() string { return closeTable[r].Text }
