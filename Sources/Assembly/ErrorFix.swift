extension ErrorCatalog {
    /// What a person can do about a code: one line, never empty. For codes without words of their own what the table says of
    /// trying again, and where more is said.
    public static func fix(of code: String) -> String {
        if let own = fixes[code] { return own }
        guard let entry = entries.first(where: { $0.code == code }) else { return "see 'arb doctor --offline'" }
        let retry = entry.retryable
        if retry.hasPrefix("no") { return "trying again does not help; arb explain \(code)" }
        if retry.hasPrefix("by itself") { return "nothing: it mends itself; look again with 'arb status'" }
        let isBare = retry == "yes" || retry.hasPrefix("yes:") || retry.hasPrefix("yes,")
        return "try again\(isBare ? "" : " " + retry); arb explain \(code)"
    }

    /// The codes with words of their own.
    static var ownFixes: [String] { Array(fixes.keys) }

    /// The words for what a person meets at the prompt.
    private static let fixes: [String: String] = [
        "E_STORE_FULL":
            "free 128 MiB on the disk of state_dir, or choose another with --state, then start again: "
            + "64 MiB for closes and 16 MiB for the log of intents are set aside at every start",
        "E_STORE_PREALLOCATE":
            "free 128 MiB on the disk of state_dir, or choose another with --state, then start again: "
            + "64 MiB for closes and 16 MiB for the log of intents are set aside at every start",
        "E_STORE_IO": "see that the disk of state_dir is mounted, writable and sound (dmesg), then start again",
        "E_STORE_LOCKED": "arb status shows what runs; stop it first, or trade another account with --account NAME",
        "E_STORE_MODE": "make the folder yours alone: chmod 700, chown; or choose another with --state",
        "E_STORE_CORRUPT": "arb doctor --recover puts the damaged file aside and takes its newest copy",
        "E_STORE_JOURNAL_CORRUPT":
            "arb doctor --recover puts the damaged log aside, and halts until a person has looked",
        "E_STORE_FUTURE": "use the build that wrote it, or a newer one; this one changes nothing in it",
        "E_CTL_UNAVAILABLE": "see with 'arb status' whether it runs; start it with 'arb run'",
        "E_CTL_TIMEOUT": "look at 'arb status' before asking again: it may have been done",
        "E_CTL_MODE": "make the state folder yours alone: chmod 700",
        "E_CTL_IO": "see that the disk of state_dir is writable and not full",
        "E_CTL_MALFORMED": "use one build for the daemon and for the commands: arb --version",
        "E_CTL_REFUSED": "mend what is said, then ask again; arb status says how things are",
        "E_EXEC_RESUME_REFUSED":
            "arb status names what is unknown; arb resume --accept-exposure --reason TEXT takes it over",
        "E_CTL_WEBHOOK": "see the service's page, and the URL in alerts.webhook_url_file; then: arb alert test",
        "E_CTL_WEBHOOK_URL": "one https URL in a file of mode 0600; then: arb alert test",
        "E_CFG_FILE": "see the path; 'arb init' writes a new configuration",
        "E_CFG_MISSING": "set it in the configuration; 'arb config explain' says what each key is",
        "E_CFG_MODE": "mode is one of dry-run, paper and live: arb config explain mode",
        "E_CFG_LIBRARY": "apt upgrade; 'arb doctor' names what is loaded, ldd says from where",
        "E_CFG_CEILING": "write a smaller figure: what is compiled in is not raised by a file",
        "E_PAIR_NONE": "arb pairs list shows what there is",
        "E_PAIR_FILE": "see markets.pairs in the configuration",
        "E_AUTH_KEY_MODE": "chmod 600 the key file, and let it be yours",
        "E_AUTH_KEY_UNREADABLE": "see private_key_file in the configuration: arb config show --origin",
        "E_AUTH_REFUSED": "arb keys test says which key is refused, and why",
        "E_AUTH_CLOCK": "synchronise the clock (timedatectl), then start again",
        "E_NET_CONNECT": "see the network and the venue's status page; arb doctor tries each address",
        "E_NET_RESOLVE": "see the network's name service; arb doctor tries each address",
        "E_NET_DESCRIPTORS": "raise the limit of open files (ulimit -n 4096), then start again",
        "E_CAP_IO": "see the path and the room on its disk",
        "E_CLI_USAGE": "see 'arb --help'",
        "E_CLI_INTERNAL": "this is a bug: keep the words above, and report them",
    ]
}
