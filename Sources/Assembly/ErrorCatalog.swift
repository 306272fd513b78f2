// Made by Scripts/errors from Docs/errors/*.rows: do not edit.

/// What every error code means: the table behind `arb explain`.
public enum ErrorCatalog {
    /// One code.
    public struct Entry: Sendable {
        /// The code.
        public let code: String
        /// What it means.
        public let meaning: String
        /// Whether, and when, trying again can help.
        public let retryable: String
        /// Whether it is certain what happened.
        public let outcomeKnown: String
    }

    /// All codes, in order.
    public static let entries: [Entry] = text.split(separator: "\n").map { line in
        let fields = line.split(separator: "|", omittingEmptySubsequences: false).map(String.init)
        return Entry(code: fields[0], meaning: fields[1], retryable: fields[2], outcomeKnown: fields[3])
    }

    // One line a code: parsed when it is asked for, so that starting costs nothing.
    private static let text = """
        E_AMT_NOT_DECIMAL|text that is no plain decimal number with at most eight decimals|no|yes: nothing was computed
        E_AMT_OVERFLOW|an amount does not fit 64 bits of 1e-8 units|no|yes: nothing was computed
        E_AUTH_ADDRESS|a text that is no address, or one whose EIP-55 checksum is wrong|after mending the text|yes: nothing was signed
        E_AUTH_API_KEYS|the venue neither derives nor makes API keys for this wallet|after mending key, wallet or clock|yes: nothing is traded
        E_AUTH_CLOCK|this machine's clock and the venue's differ, so that signatures are or will be refused|after synchronising the clock|yes: nothing was sent
        E_AUTH_CREDENTIALS|an API key, secret or passphrase that cannot be one|after deriving them anew|yes: nothing was signed
        E_AUTH_FUNDER|the wallet that pays does not belong to the key that signs under this signature type|after mending the configuration|yes: nothing was signed
        E_AUTH_KEY_ENCRYPTED|an encrypted PEM|after decrypting it into a file of mode 0600|yes: nothing was signed
        E_AUTH_KEY_HEX|a wallet's key file that holds anything but 0x and 64 hexadecimal letters|after mending the file|yes: nothing was signed
        E_AUTH_KEY_KIND|neither an RSA key of 2,048 bits or more nor an Ed25519 key|no|yes: nothing was signed
        E_AUTH_KEY_MODE|a key file that others may read, that is not ours, or no regular file (exit 77)|after chmod 600|yes: nothing was signed
        E_AUTH_KEY_RANGE|a wallet's private key that is zero or not below the order of secp256k1|no|yes: nothing was signed
        E_AUTH_KEY_UNREADABLE|a key file that is not there or cannot be read|no|yes: nothing was signed
        E_AUTH_ORDER|an order that cannot be signed: salt of 2^53 or more, no amount, a template of another wallet, or a deposit wallet on an exchange of version 1|no|yes: nothing was signed
        E_AUTH_REFUSED|the venue refuses this account's signed reads (401, 403)|after mending keys, clock or region|yes for reads: nothing of it is used
        E_AUTH_SIGN|the library refused to sign|yes|yes: nothing was sent
        E_AUTH_SIGNATURE|bytes that are no signature: not 65, v neither 27 nor 28, or s in the upper half|no|yes: it is refused
        E_AUTH_USER_STREAM|the private stream was ended at once: the API keys may be refused; tried again after a long pause|after mending the keys|yes: orders and trades are read instead
        E_CAP_DAMAGED|a record that cannot be read or contradicts those before it|no|yes: what came before was replayed
        E_CAP_FEE_RULES|a recording made under other fee rules|with the build that made it|yes: nothing was replayed
        E_CAP_FOREIGN|a file that is no recording|no|yes: nothing was replayed
        E_CAP_IO|a recording that cannot be opened, read or written|after mending the path or the disk|yes
        E_CAP_OVERRUN|the disk was too slow for the feeds; the recording says where it ends|with a faster disk|yes: decisions were not affected
        E_CAP_TRUNCATED|a recording that ends in the middle of a record or without its closing record|no|yes: what came before was replayed
        E_CAP_VERSION|a recording of another format|with the build that made it|yes: nothing was replayed
        E_CFG_CA_PRODUCTION|an extra certificate authority with a host that is not loopback|after mending the file|yes: nothing started
        E_CFG_CEILING|a limit is negative or beyond the ceilings that this build has compiled in|after correcting the key|yes: nothing was started
        E_CFG_CONFIRM|`--live` without the account's name in `--confirm-account`, or with another one|after typing it|yes: nothing was started
        E_CFG_FILE|a configuration file that cannot be read or written|after mending the path|yes: nothing started
        E_CFG_LIBRARY|a library that this machine has loaded is older than any that may trade|after upgrading it|yes: nothing started
        E_CFG_LIMITS|the account's write tokens leave no room for an order and its unwind|after a higher tier was asked for|yes: nothing started
        E_CFG_MISSING|a value that this command cannot do without|after setting it|yes: nothing started
        E_CFG_MODE|a mode that this version does not have|after setting dry-run|yes: nothing started
        E_CFG_SYNTAX|text that is not TOML|after mending the file|yes: nothing started
        E_CFG_UNKNOWN_KEY|a key that the configuration does not have|after mending the file|yes: nothing started
        E_CFG_VALUE|a value of the wrong kind or out of range|after mending the file|yes: nothing started
        E_CLI_INTERNAL|a bug of ours (exit 70)|no|no
        E_CLI_USAGE|a command line that cannot be carried out (exit 64)|after mending it|yes: nothing started
        E_CTL_HALTED|everything is halted, by whom, when and why (exit 2)|after 'arb resume'|yes: nothing is entered
        E_CTL_HALT_ELSEWHERE|a halt that was made on another machine: the folder is shared or a copy (exit 2)|after making sure that nothing trades there, and 'arb resume'|yes: nothing is entered
        E_CTL_IO|the latch or the socket cannot be made, read or written (exit 73)|after mending the disk|yes: the halt stands as it stood
        E_CTL_MALFORMED|a request or an answer of another version|with one build for both|yes for requests: nothing was done
        E_CTL_MODE|a folder or socket of control that others may write, or that is not ours (exit 77)|after chmod 700|yes: nothing was asked
        E_CTL_REFUSED|the daemon refuses what was asked, with its reason|when the reason is gone|yes: nothing was done
        E_CTL_TIMEOUT|the daemon did not answer in time (exit 69)|after looking at 'arb status'|no: it may have acted
        E_CTL_UNAVAILABLE|no daemon answers at the socket (exit 69)|when one runs|yes: nothing was asked
        E_CTL_WEBHOOK|an alert was posted and the service did not take it, or the run ended first (exit 69)|by itself, three times; then after looking at the service|no: it may have been shown
        E_CTL_WEBHOOK_URL|alerts.webhook_url_file holds no https URL, or one of a Telegram bot without chat_id (exit 78)|after mending the file|yes: nothing started
        E_EXEC_AMOUNTS|price, size or amounts that the venue would refuse: nothing was sent|no, not with these amounts|yes: nothing was sent
        E_EXEC_ANOMALY|the venue's accounts of one order do not fit together (overfill, void fill, contradiction); booked as told, pair halted|after a person has looked, `arb resume --pair`|as told
        E_EXEC_BLOCKED|the venue is in a mode, or the account in a state, that takes no such order|when the mode ends|yes: nothing was sent
        E_EXEC_BROKER_TIMEOUT|a sent order has no answer, and nobody knows what became of it; counted as filled and as open until evidence says which|never by us: evidence ends it|no
        E_EXEC_CASH_DRIFT|two reads show cash that our own fills, fees and payouts do not explain: a deposit, a withdrawal or FOREIGN trading; the limits use the venue's figure|by itself|yes: the venue's figure counts
        E_EXEC_CIRCUIT_OPEN|entries are halted, or the breaker is open for all, for a venue or for the pair|after the cooldown's probe, or `arb resume`|yes: nothing was sent
        E_EXEC_CLOCK|the wall clock jumped by two seconds or more while trading; entries are held|after the clock is right, and `arb resume`|yes: closing goes on
        E_EXEC_CLOSE_FAILED|contracts that stand alone could not be closed within `unwind.deadline_s` and `max_loss_usd`; pair halted, the sweep goes on|by the sweep, or `arb close-exposure`|yes: exposed as told
        E_EXEC_DRIFT|two reads say that contracts of ours are gone and nothing explains it, or two counts of what stands alone differ; pair halted, nothing is ordered|by a person, `arb reconcile --explain`|no: that is what is to be found out
        E_EXEC_DUPLICATE_ID|an order id that is in use: it is not sent a second time|no|yes: nothing was sent
        E_EXEC_EXPOSED|contracts stand alone during an operator's halt: nothing closes them before a person says so|by `arb close-exposure`, or after `arb resume`|yes: exposed as told
        E_EXEC_FOREIGN|orders or contracts on the account that are not ours: shown, never touched; at Kalshi, and for a trade of the day, the pair is suspended; an order with our own name halts entries|after the other hand is off, `arb resume --pair`|yes: nothing of ours changed
        E_EXEC_HEARTBEAT|the venue did not hear of us in time: it may have cancelled what rests; orders are read anew|by itself|no: orders are read
        E_EXEC_IDEMPOTENCY_CONFLICT|an intent whose id was recorded before, with other content: refused|no|yes: nothing was sent of this one
        E_EXEC_LATE_FILL|evidence came after the end of an execution whose markets are in use again; pair halted|by a person|yes: exposed as told
        E_EXEC_MARKET|terms of the market are not known, or it takes no orders now|when the terms are known|yes: nothing was sent
        E_EXEC_NOT_ADOPTED|an execution of an earlier run cannot be taken up: its pair is gone from the pair files, or its markets are in use; nothing is entered|after the pair is back|no: its orders may be open
        E_EXEC_NO_CONNECTION|no connection that is proved open and idle|at once, with another opportunity|yes: nothing was sent
        E_EXEC_NO_ORDER|no order of that name, or more than one|after writing more of its name|yes: nothing was done
        E_EXEC_NO_TOKENS|not enough write tokens, the share for closes and cancels untouched|when tokens are back|yes: nothing was sent
        E_EXEC_ORDER_GROUP|the venue triggered an order group: its orders are cancelled and new ones refused until it is reset|after the operator resets it|yes: nothing of it rests
        E_EXEC_REGISTRY_FULL|more orders are followed than there is room for|after old ones are forgotten|yes: nothing was sent
        E_EXEC_RESUME_REFUSED|`resume` while orders are unknown, without `--accept-exposure` and a reason|after they are known, or with the reason|yes: nothing changed
        E_EXEC_RISK_REFUSED|a limit refuses the entry; the reason is the limit's key, with figures|when there is headroom again|yes: nothing was sent
        E_EXEC_SIGNING|no signature could be made|no|yes: nothing was sent
        E_EXEC_SLOT_SPENT|a prepared order was used, given back or voided before|no: prepare anew|yes: nothing was sent by this use
        E_EXEC_THROTTLED|too many reads of the account (429)|yes, after the pause|yes for reads: nothing of it is used
        E_EXEC_TRACKER_DUPLICATE|an execution or order of that id is followed already|no|yes: nothing was sent
        E_EXEC_TRACKER_FULL|more executions, or orders of one, are followed than there is room for|after old ones are forgotten|yes: nothing was sent
        E_EXEC_TRACKER_NO_EXECUTION|an order of an execution that is not followed|no|yes: nothing was sent
        E_EXEC_UNSUPPORTED|an order that the venue does not have: a post-only IOC, a reduce-only where there is none|no|yes: nothing was sent
        E_FEED_BOOKS_UNREADABLE|an answer with books that cannot be used|yes|yes: nothing of it is used
        E_FEED_BOOK_VOID|a book failed its hash, its cross-check or common sense; a fresh one is asked for|yes: resync|yes: the book is void
        E_FEED_CORRUPT|a change that no book can take (negative size, price off the grid); the book is void|yes: snapshot|yes
        E_FEED_CROSSED|best bid at or above best ask; the book is void|yes: snapshot|yes
        E_FEED_CROSS_CHECK|the venue's snapshot differs from the book at the same sequence number; the book is void|yes: snapshot|yes
        E_FEED_DISCONNECTED|a connection ended or did not come up; its books are void|yes: reconnect with back-off|yes
        E_FEED_ENDED|the venue ended a subscription|yes: resubscribe|yes
        E_FEED_GAP|a sequence number was skipped, repeated or dropped; all books of the subscription are void|yes: resync|yes
        E_FEED_LIFECYCLE_GAP|lifecycle messages were lost; terms are read again|yes: REST|yes
        E_FEED_LINK_DOWN|a connection ended; its books are void until it is back|yes, with back-off|yes: its books are void
        E_FEED_REFUSED|the venue does not take this market; its book stays void|no|yes
        E_FEED_RESYNC|a step of the resync ladder failed; the next one is taken|yes: resubscribe, then reconnect|yes
        E_FEED_SILENT|snapshots that were asked for do not come; the connection is made anew|yes: reconnect|yes
        E_FEED_USER_CONTRADICTION|a fill was final one way and is told to be final the other way|no: look at the chain|no: both words are kept
        E_FEED_USER_DOWN|the private stream ended; orders and trades are read when it is back|yes, with back-off|no for what happened meanwhile, until it is read
        E_FEED_USER_FOREIGN|a private message about another account|no|yes: it is not booked
        E_FEED_USER_WORD|a private message with a status that is not documented|after a look at the venue's documentation|no: the order stays what it was
        E_FEED_VENUE_DOWN|too many bad books or gaps within a minute; the connection is made anew|yes: reconnect|yes
        E_FEED_VENUE_ERROR|the venue refused a command; the text has its code|depends on the code|yes
        E_NET_ANSWER|an answer that breaks HTTP/1.1, or has a shape that two readers read in two ways|yes for reads|no for writes
        E_NET_CLOSED|the peer ended or reset the connection|yes, with back-off|no for writes under way
        E_NET_CONNECT|nobody answers at the address, or too many requests wait|yes, with back-off|yes: nothing was sent
        E_NET_DESCRIPTORS|the process has no descriptor left|after others are closed (ulimit -n)|yes: nothing was opened
        E_NET_FORBIDDEN|a production host that resolves to a private address|no|yes: nothing was sent
        E_NET_LIBRARY|libcurl cannot be loaded, so nothing can be read by REST|after installing it|yes, nothing was sent
        E_NET_LISTEN|the loopback server cannot listen, or its certificate is no good|no|yes: nothing was served
        E_NET_RESOLVE|a host name without an address|yes, with back-off|yes: nothing was sent
        E_NET_STATUS|an answer to an account read with a status that is no answer (5xx)|yes, with back-off|yes for reads: nothing of it is used
        E_NET_TICKET|a connection that was used or given back before|no: a bug of ours|yes: nothing was sent
        E_NET_TIMEOUT|no answer within the deadline|yes for reads|no for writes: a timeout is not a rejection
        E_NET_TOO_LARGE|an answer over 8 MiB, or with a head over 64 KiB|no|yes: nothing of it is used
        E_NET_URL|not a URL that is connected to: another scheme, a user name, a fragment, a non-ASCII host, an unknown service|no|yes: nothing was sent
        E_PAIR_CONTRADICTION|one market described in two ways|after mending the file|yes: nothing started
        E_PAIR_DIVERGENCE|the venues' prices have been 30 cents apart for 5 minutes; no entries|when the prices agree|yes: nothing is traded
        E_PAIR_DUPLICATE_ID|one id for two pairs or sets|after mending the file|yes: nothing started
        E_PAIR_FILE|a pair file that cannot be read|after mending the path|yes: nothing started
        E_PAIR_INVERSION|the venues' prices agree when one side is flipped: the polarity looks wrong; no entries|when the prices agree|yes: nothing is traded
        E_PAIR_MISSING|a field that a pair or set cannot be without|after mending the file|yes: nothing started
        E_PAIR_NONE|no pair or set of that name|no|yes: nothing started
        E_PAIR_RULES_UNPINNED|approved without the hash of the rule text|after `arb pairs check`|yes: nothing started
        E_PAIR_SET|a set that pays nothing for sure|after mending the file|yes: nothing started
        E_PAIR_SHARED_INSTRUMENT|two approved pairs or sets share a market; one signed position cannot be allocated to both|after approving only one|yes: nothing started
        E_PAIR_UNKNOWN_KEY|a key that pair files do not have|after mending the file|yes: nothing started
        E_PAIR_VALUE|a value of the wrong kind or out of range|after mending the file|yes: nothing started
        E_REF_FEE|a fee type, rate or exponent that is not known exactly; the instrument is blocked|after the next reading|yes: nothing is traded
        E_REF_GRID|a price grid that contradicts itself; the instrument is blocked|after the next reading|yes: nothing is traded
        E_REF_KIND|not a binary market that pays one dollar or nothing; blocked|no|yes
        E_REF_MISSING|a venue's answer lacks a field that terms cannot be without; the market is blocked|yes: read again|yes
        E_REF_NEG_RISK|neg_risk of file and venue differ; the market is blocked|after mending the pair file|yes: nothing is traded
        E_REF_NOT_FOUND|the venue does not list the market; blocked|yes: read again|yes
        E_REF_PAGES|a list has more pages than it may, or its cursors run in a circle|yes: back-off|yes
        E_REF_SCALE|a price grid too fine for the ladder; the instrument is blocked|after the next reading|yes: nothing is traded
        E_REF_SHARD|the market's exchange shard is not the one of the pair file; blocked|no|yes
        E_REF_STATUS|a market status that this program does not know; blocked|yes: read again|yes
        E_REF_TOKENS|the token ids or outcomes of file and venue differ; the market is blocked|after mending the pair file|yes: nothing is traded
        E_REF_UNAVAILABLE|a reference read got no usable answer|yes: back-off|yes
        E_REF_UNREADABLE|a reference answer is no JSON, or not the documented one (a proxy's HTML page)|yes: back-off|yes
        E_STORE_CORRUPT|a file that is no ledger, or a damaged one|after moving it away|yes: nothing was changed
        E_STORE_FULL|the disk is full: entries stop, the reserve of 64 MiB is given back so that closes can be recorded (exit 73)|after freeing the disk and a restart|yes: nothing was recorded of this one
        E_STORE_FUTURE|a ledger written by a newer build (exit 78)|with the newer build|yes: nothing was changed
        E_STORE_IO|a state folder or file that cannot be made, opened or written|after mending the disk|yes: nothing started
        E_STORE_JOURNAL_CORRUPT|a damaged log of intents, with the record and where its copies are (exit 78)|after moving it away and comparing with the venues|no: orders of it may have been sent
        E_STORE_JOURNAL_DISK|the disk refused a write or a sync of the log of intents: nothing is recorded or sent any more in this run|after mending the disk and a restart|yes: nothing was sent of this one
        E_STORE_JOURNAL_FULL|the ledger is so far behind the log of intents that entries stop; the last eighth is for closes|when the ledger has caught up|yes: nothing was sent
        E_STORE_JOURNAL_TOO_LONG|names of a market or pair that do not fit a record|no|yes: nothing was sent
        E_STORE_LOCKED|another instance holds the account (exit 75)|after it has ended|yes: nothing started
        E_STORE_MODE|a state folder or file that others may write, or that is not ours (exit 77)|after chmod 700|yes: nothing started
        E_STORE_PREALLOCATE|the file system cannot set room aside for the log of intents, or has none (exit 73)|after freeing the disk or choosing another state_dir|yes: nothing started
        E_TLS_CA_FILE|a certificate authority file that cannot be used|no|yes: nothing was sent
        E_TLS_CERTIFICATE|a certificate that is not good for this host|no|yes: nothing was sent
        E_TLS_PROTOCOL|TLS could not be agreed on, or broke|yes, with back-off|no for writes under way
        E_WIRE_DEC_DECIMALS|more decimals than the scale holds, not zeros; never rounded|no|yes
        E_WIRE_DEC_EMPTY|decimal text without digits|no|yes
        E_WIRE_DEC_FORM|not a canonical decimal: sign, exponent, space, hexadecimal, NaN|no|yes
        E_WIRE_DEC_KIND|JSON value is neither a string nor a number|no|yes
        E_WIRE_DEC_LEADING_ZERO|leading zero before another digit|no|yes
        E_WIRE_DEC_NEGATIVE|negative where only zero or more is allowed|no|yes
        E_WIRE_DEC_NEGATIVE_ZERO|minus zero|no|yes
        E_WIRE_DEC_OVERFLOW|number does not fit|no|yes
        E_WIRE_JSON_CONTROL|unescaped control byte or NUL inside a string|no|yes: nothing was read
        E_WIRE_JSON_DEPTH|containers nested deeper than 64|no|yes: nothing was read
        E_WIRE_JSON_ESCAPE|unknown escape or half a surrogate pair|no|yes: nothing was read
        E_WIRE_JSON_NODES|more values and keys than the limit|no|yes: nothing was read
        E_WIRE_JSON_NUMBER|number in a form JSON does not have (NaN, Infinity, +1, .5, 01)|no|yes: nothing was read
        E_WIRE_JSON_SIZE|document has more bytes than its reader accepts (1 MiB WebSocket, 8 MiB REST)|no|yes: nothing was read
        E_WIRE_JSON_SYNTAX|a byte that JSON's grammar does not allow there|no|yes: nothing was read
        E_WIRE_JSON_TRAILING|something other than whitespace behind the document|no|yes: nothing was read
        E_WIRE_JSON_TRUNCATED|empty, or ends inside a string or a container|yes|yes: nothing was read
        E_WIRE_JSON_UTF8|text is not UTF-8|no|yes: nothing was read
        E_WIRE_KALSHI_DUPLICATE|the same key twice in a book message|yes: resync|yes: nothing was applied
        E_WIRE_KALSHI_FIELD|a field is of another type than documented or holds an unknown word|yes: resync|yes: nothing was applied
        E_WIRE_KALSHI_MISSING|a message of a known kind lacks a field it cannot be without|yes: resync|yes: nothing was applied
        E_WIRE_KALSHI_PAGES|a list of the account has more pages than it may, or its cursors run in a circle|yes|yes for reads: nothing of it is used
        E_WIRE_KALSHI_PRICE|a price that is not strictly between zero and one dollar|yes: resync|yes: nothing was applied
        E_WIRE_KALSHI_SIZE|a level or trade whose size is not positive|yes: resync|yes: nothing was applied
        E_WIRE_POLYMARKET_DUPLICATE|the same key twice|yes: resync|yes: nothing was applied
        E_WIRE_POLYMARKET_FIELD|a field is of another type than documented or holds an unknown word|yes: resync|yes: nothing was applied
        E_WIRE_POLYMARKET_MISSING|a message of a known kind lacks a field it cannot be without|yes: resync|yes: nothing was applied
        E_WIRE_POLYMARKET_PAGES|a list of the account has more pages than it may, or its cursors run in a circle|yes|yes for reads: nothing of it is used
        E_WIRE_POLYMARKET_PRICE|a price that is not strictly between zero and one|yes: resync|yes: nothing was applied
        E_WIRE_POLYMARKET_SIZE|a negative size, or none where a level must have one|yes: resync|yes: nothing was applied
        E_WIRE_SYMBOL_FULL|symbol table holds its maximum of names|no|yes
        E_WIRE_SYMBOL_LENGTH|name is empty or longer than 512 bytes|no|yes
        E_WIRE_SYMBOL_TAKEN|name is in the table with another number|no|yes
        E_WS_BACKLOG|the peer has not taken 1 MiB of what was sent|yes: reconnect|yes: its books are void
        E_WS_HANDSHAKE|an upgrade answer that RFC 6455 does not allow|yes, with back-off|yes: nothing was subscribed
        E_WS_PROTOCOL|a frame that RFC 6455 does not allow; the link is closed with 1002|yes: reconnect|yes: its books are void
        E_WS_REFUSED|the server refused the WebSocket upgrade; its status and body say why|yes, with back-off|yes: nothing was subscribed
        E_WS_SILENT|no frame, not even an answer to our ping, for 20 s|yes: reconnect|yes: its books are void
        E_WS_TOO_LARGE|a message over 1 MiB or in more than 1,024 fragments; the link is closed with 1009|yes: reconnect|yes: its books are void
        E_WS_UTF8|a text message that is not UTF-8; the link is closed with 1007|yes: reconnect|yes: its books are void
        """
}
