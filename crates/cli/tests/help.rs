//! The command line, as it explains itself. Long, because it is one transcript: who adds a command or an option sees here
//! what a reader will see. `cargo insta review` takes what is new.

use std::process::Command;

/// What `annals <words> --help` says, for a terminal of any width and without colours.
fn help(words: &[String]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_annals"))
        .args(words)
        .arg("--help")
        .env_clear()
        .output()
        .expect("annals starts");
    assert!(output.status.success(), "{words:?}");
    assert!(output.stderr.is_empty(), "help is no fault: {words:?}");
    String::from_utf8(output.stdout).expect("text")
}

/// The commands that a help lists, but for `help` itself.
fn commands(help: &str) -> Vec<String> {
    help.lines()
        .skip_while(|line| *line != "Commands:")
        .skip(1)
        .take_while(|line| !line.is_empty())
        // What is indented more goes on with what is said of the command above it.
        .filter_map(|line| line.strip_prefix("  ")?.split(' ').next())
        .filter(|word| !word.is_empty() && *word != "help")
        .map(str::to_owned)
        .collect()
}

/// The help of a command and of all below it, each after the line that asks for it.
fn transcript(words: &[String]) -> String {
    let own = help(words);
    let asked = [&["annals".to_owned()], words, &["--help".to_owned()]].concat();
    let mut text = format!("$ {}\n{own}\n", asked.join(" "));
    for command in commands(&own) {
        text.push_str(&transcript(&[words, &[command]].concat()));
    }
    text
}

#[test]
fn every_command_explains_itself() {
    let told = transcript(&[]);
    let commands = told.lines().filter(|line| line.starts_with("$ annals"));
    assert!(commands.count() > 25, "all commands are found");
    insta::assert_snapshot!(told, @r#"
    $ annals --help
    A self-hosted workspace control plane with an audit log that proves itself

    Usage: annals <COMMAND>

    Commands:
      serve         Run the server: the dashboard, the API, the audit log
      init          Set an instance up from the command line: organization, workspace, administrator,
                    tokens
      member        Manage who belongs to an organization
      token         Manage access tokens
      organization  Manage organizations
      definitions   Manage what is known of the types of sources and destinations
      export        Take an audit log out: whole, or rows with a proof for each
      import        Bring over what was elsewhere
      verify        Check a log, an export or a receipt, offline
      privacy       Erase what is known of a person
      recover       Say which logs are not signed and why, and go on with them
      rotate-key    Sign a log with its next key; each that was replaced signs as well for 30 days
      migrate       Bring a database to this version's schema, as its owner
      bench         Measure what an audited change costs on this machine
      openapi       Print the description of the API (OpenAPI 3.1)
      help          Print this message or the help of the given subcommand(s)

    Options:
      -h, --help     Print help
      -V, --version  Print version

    $ annals serve --help
    Run the server: the dashboard, the API, the audit log

    Usage: annals serve [OPTIONS]

    Options:
          --data <DIR>               Folder of the embedded database [default: annals in the user's data
                                     home] [env: ANNALS_DATA=]
          --database <URL>           A PostgreSQL database, in place of the embedded one:
                                     postgres://user@host/name [env: ANNALS_DATABASE]
          --keys <FILE>              The key file; made with the database [default: annals/annals.keys
                                     in the user's config home] [env: ANNALS_KEYS=]
          --guard <DIR>              Folder outside the database for what a restored backup must not
                                     forget [default: annals in the user's state home] [env:
                                     ANNALS_GUARD=]
          --listen <ADDR>            Address to listen at; port 0 takes a free one [env: ANNALS_LISTEN=]
                                     [default: 127.0.0.1:8080]
          --public-url <URL>         Address that people and programs use, such as
                                     https://annals.example.com [env: ANNALS_PUBLIC_URL=]
          --trusted-proxy <CIDR>     Proxy whose word about the client's address is taken; may be given
                                     more than once [env: ANNALS_TRUSTED_PROXY=]
          --proxy-header <NAME>      Header that trusted proxies write the client's address in [default:
                                     either of them, where a request has not both, saying different
                                     things] [env: ANNALS_PROXY_HEADER=]
          --rate-limit <LIMITS>      Requests answered in a minute: token=N, address=N, wrong-tokens=N,
                                     with commas, or off [default:
                                     token=30000,address=60000,wrong-tokens=120] [env:
                                     ANNALS_RATE_LIMIT=]
          --hosted-secret <SECRET>   Secret that transformers, and data planes of many workspaces, show
                                     (a transformer: `CONFIG_BACKEND_HOSTED_SECRET`) [env:
                                     ANNALS_HOSTED_SECRET]
          --transformer-from <CIDR>  Network that transformers ask for code from without a secret; may
                                     be given more than once [env: ANNALS_TRANSFORMER_FROM=] [default:
                                     127.0.0.0/8 ::1/128]
          --transformer-url <URL>    Transformer that runs code before it is published, such as
                                     http://transformer:9090 [env: ANNALS_TRANSFORMER_URL=]
          --metrics-from <CIDR>      Network that /metrics is open to, besides this machine itself; may
                                     be given more than once [env: ANNALS_METRICS_FROM=]
          --smtp <URL>               Mail server: smtp://user:password@mail.example.com:587 (STARTTLS),
                                     smtps://... or smtp+plain://... [env: ANNALS_SMTP]
          --mail-from <SENDER>       Who letters are from, such as "Annals <annals@example.com>" [env:
                                     ANNALS_MAIL_FROM=]
          --smtp-ca <FILE>           A certificate (PEM) that is trusted for the mail server as well
                                     [env: ANNALS_SMTP_CA=]
          --no-migrate               Do not change the schema: for a server whose database role does not
                                     own the tables [env: ANNALS_NO_MIGRATE=]
          --log <FILTER>             What is logged to standard error: error, warn, info, debug, or a
                                     filter such as info,store=debug [env: ANNALS_LOG=] [default: info]
          --log-format <LOG_FORMAT>  How it is logged: as text for people, with colours on a terminal,
                                     or as a JSON object on each line [env: ANNALS_LOG_FORMAT=]
                                     [default: text] [possible values: text, json]
      -h, --help                     Print help

    Text messages:
          --sms-twilio <ACCOUNT>      Twilio's account, such as AC0123... [env: ANNALS_SMS_TWILIO=]
          --sms-twilio-token <TOKEN>  The token of Twilio's account: better in the environment, where
                                      others do not see it [env: ANNALS_SMS_TWILIO_TOKEN]
          --sms-from <SENDER>         Who messages are from: a number, a name, or a messaging service of
                                      Twilio [env: ANNALS_SMS_FROM=]
          --sms-url <URL>             A gateway such as https://sms.example.com/send; with {to}, {from}
                                      and {text} in it where it wants them there [env: ANNALS_SMS_URL]
          --sms-body <JSON>           The JSON that the gateway gets [default:
                                      {"to":"{to}","from":"{from}","text":"{text}"}] [env:
                                      ANNALS_SMS_BODY]
          --sms-header <HEADER>       A header with the gateway's key, such as "Authorization: Bearer
                                      ..." [env: ANNALS_SMS_HEADER]
          --sms-ca <FILE>             A certificate (PEM) that is trusted for the gateway as well [env:
                                      ANNALS_SMS_CA=]

    $ annals init --help
    Set an instance up from the command line: organization, workspace, administrator, tokens

    Usage: annals init [OPTIONS] --organization <NAME> --workspace <NAME> --name <NAME> --email <EMAIL> --password-stdin

    Options:
          --data <DIR>           Folder of the embedded database [default: annals in the user's data
                                 home] [env: ANNALS_DATA=]
          --database <URL>       A PostgreSQL database, in place of the embedded one:
                                 postgres://user@host/name [env: ANNALS_DATABASE]
          --keys <FILE>          The key file; made with the database [default: annals/annals.keys in
                                 the user's config home] [env: ANNALS_KEYS=]
          --instance <NAME>      The instance's name, in the origin of its logs for ever [default:
                                 annals- and 8 random characters]
          --organization <NAME>  The organization's name
          --workspace <NAME>     The workspace's name
          --name <NAME>          The administrator's name
          --email <EMAIL>        The administrator's e-mail
          --password-stdin       Read the administrator's password from standard input
          --json                 Print one JSON object
      -h, --help                 Print help

    $ annals member --help
    Manage who belongs to an organization

    Usage: annals member <COMMAND>

    Commands:
      add        Add a person, with a new account or the one that the e-mail has
      list       Say who belongs to an organization
      change     Change what a member is
      remove     Remove a member: sessions and tokens end at once
      password   Set a person's password, for someone who is locked out; all sessions end
      reset-mfa  Turn a person's second factors off, for someone who has lost them
      help       Print this message or the help of the given subcommand(s)

    Options:
      -h, --help  Print help

    $ annals member add --help
    Add a person, with a new account or the one that the e-mail has

    Usage: annals member add [OPTIONS] --email <EMAIL> --name <NAME> --role <ROLE> --password-stdin

    Options:
          --data <DIR>         Folder of the embedded database [default: annals in the user's data home]
                               [env: ANNALS_DATA=]
          --database <URL>     A PostgreSQL database, in place of the embedded one:
                               postgres://user@host/name [env: ANNALS_DATABASE]
          --keys <FILE>        The key file; made with the database [default: annals/annals.keys in the
                               user's config home] [env: ANNALS_KEYS=]
          --organization <ID>  The organization [default: the only one]
          --workspace <ID>     The workspace that a role is for [default: all of the organization]
          --email <EMAIL>      The person's e-mail
          --name <NAME>        The person's name
          --role <ROLE>        owner: Admin of the organization; admin, editor, viewer, auditor: a role
                               in the workspace; member: no role yet
          --password-stdin     Read the person's password from standard input
          --json               Print one JSON object
      -h, --help               Print help

    $ annals member list --help
    Say who belongs to an organization

    Usage: annals member list [OPTIONS]

    Options:
          --data <DIR>         Folder of the embedded database [default: annals in the user's data home]
                               [env: ANNALS_DATA=]
          --database <URL>     A PostgreSQL database, in place of the embedded one:
                               postgres://user@host/name [env: ANNALS_DATABASE]
          --keys <FILE>        The key file; made with the database [default: annals/annals.keys in the
                               user's config home] [env: ANNALS_KEYS=]
          --organization <ID>  The organization [default: the only one]
          --json               Print one JSON object for each
      -h, --help               Print help

    $ annals member change --help
    Change what a member is

    Usage: annals member change [OPTIONS] --email <EMAIL> --role <ROLE>

    Options:
          --data <DIR>         Folder of the embedded database [default: annals in the user's data home]
                               [env: ANNALS_DATA=]
          --database <URL>     A PostgreSQL database, in place of the embedded one:
                               postgres://user@host/name [env: ANNALS_DATABASE]
          --keys <FILE>        The key file; made with the database [default: annals/annals.keys in the
                               user's config home] [env: ANNALS_KEYS=]
          --organization <ID>  The organization [default: the only one]
          --email <EMAIL>      The person's e-mail
          --workspace <ID>     The workspace that a role is for; what the person is elsewhere, and in
                               the organization, stays [default: all of the organization, of which the
                               person is no Admin any more, unless the role is owner]
          --role <ROLE>        owner: Admin of the organization; admin, editor, viewer, auditor: a role
                               in the workspace; none: no role there
      -h, --help               Print help

    $ annals member remove --help
    Remove a member: sessions and tokens end at once

    Usage: annals member remove [OPTIONS] --email <EMAIL>

    Options:
          --data <DIR>         Folder of the embedded database [default: annals in the user's data home]
                               [env: ANNALS_DATA=]
          --database <URL>     A PostgreSQL database, in place of the embedded one:
                               postgres://user@host/name [env: ANNALS_DATABASE]
          --keys <FILE>        The key file; made with the database [default: annals/annals.keys in the
                               user's config home] [env: ANNALS_KEYS=]
          --organization <ID>  The organization [default: the only one]
          --email <EMAIL>      The person's e-mail
      -h, --help               Print help

    $ annals member password --help
    Set a person's password, for someone who is locked out; all sessions end

    Usage: annals member password [OPTIONS] --email <EMAIL> --password-stdin

    Options:
          --data <DIR>         Folder of the embedded database [default: annals in the user's data home]
                               [env: ANNALS_DATA=]
          --database <URL>     A PostgreSQL database, in place of the embedded one:
                               postgres://user@host/name [env: ANNALS_DATABASE]
          --keys <FILE>        The key file; made with the database [default: annals/annals.keys in the
                               user's config home] [env: ANNALS_KEYS=]
          --organization <ID>  The organization [default: the only one]
          --email <EMAIL>      The person's e-mail
          --password-stdin     Read the new password from standard input
      -h, --help               Print help

    $ annals member reset-mfa --help
    Turn a person's second factors off, for someone who has lost them

    Usage: annals member reset-mfa [OPTIONS] --email <EMAIL>

    Options:
          --data <DIR>         Folder of the embedded database [default: annals in the user's data home]
                               [env: ANNALS_DATA=]
          --database <URL>     A PostgreSQL database, in place of the embedded one:
                               postgres://user@host/name [env: ANNALS_DATABASE]
          --keys <FILE>        The key file; made with the database [default: annals/annals.keys in the
                               user's config home] [env: ANNALS_KEYS=]
          --organization <ID>  The organization [default: the only one]
          --email <EMAIL>      The person's e-mail
      -h, --help               Print help

    $ annals token --help
    Manage access tokens

    Usage: annals token <COMMAND>

    Commands:
      list              Say which tokens there are
      create            Make a token and print it, once
      delete            Delete a token: it ends at once
      events            Show everything that a token did, also one that has ended
      rotate-workspace  Replace the token of a workspace's data planes and print the new one, once; the
                        one before is good no more
      help              Print this message or the help of the given subcommand(s)

    Options:
      -h, --help  Print help

    $ annals token list --help
    Say which tokens there are

    Usage: annals token list [OPTIONS]

    Options:
          --data <DIR>         Folder of the embedded database [default: annals in the user's data home]
                               [env: ANNALS_DATA=]
          --database <URL>     A PostgreSQL database, in place of the embedded one:
                               postgres://user@host/name [env: ANNALS_DATABASE]
          --keys <FILE>        The key file; made with the database [default: annals/annals.keys in the
                               user's config home] [env: ANNALS_KEYS=]
          --organization <ID>  The organization [default: the only one]
          --json               Print one JSON object for each
      -h, --help               Print help

    $ annals token create --help
    Make a token and print it, once

    Usage: annals token create [OPTIONS] --name <NAME>

    Options:
          --data <DIR>         Folder of the embedded database [default: annals in the user's data home]
                               [env: ANNALS_DATA=]
          --database <URL>     A PostgreSQL database, in place of the embedded one:
                               postgres://user@host/name [env: ANNALS_DATABASE]
          --keys <FILE>        The key file; made with the database [default: annals/annals.keys in the
                               user's config home] [env: ANNALS_KEYS=]
          --organization <ID>  The organization [default: the only one]
          --workspace <ID>     The workspace that it is for [default: the only one]
          --name <NAME>        Its name
          --owner <EMAIL>      A personal token of this member; without it the token is a service's
          --role <ROLE>        What a service's token is in the workspace: admin, editor, viewer,
                               auditor; without it the token is one of the organization, which reads the
                               audit log and nothing else
          --read-only          It may only read [default: a personal token may do what its owner may in
                               the workspace, and one with a role what that role may]
          --days <DAYS>        How many days it lasts [default: for ever]
          --json               Print one JSON object
      -h, --help               Print help

    $ annals token delete --help
    Delete a token: it ends at once

    Usage: annals token delete [OPTIONS] <ID>

    Arguments:
      <ID>  Its id

    Options:
          --data <DIR>         Folder of the embedded database [default: annals in the user's data home]
                               [env: ANNALS_DATA=]
          --database <URL>     A PostgreSQL database, in place of the embedded one:
                               postgres://user@host/name [env: ANNALS_DATABASE]
          --keys <FILE>        The key file; made with the database [default: annals/annals.keys in the
                               user's config home] [env: ANNALS_KEYS=]
          --organization <ID>  The organization [default: the only one]
      -h, --help               Print help

    $ annals token events --help
    Show everything that a token did, also one that has ended

    Usage: annals token events [OPTIONS] [ID|NAME]

    Arguments:
      [ID|NAME]  Its id or its name

    Options:
          --data <DIR>         Folder of the embedded database [default: annals in the user's data home]
                               [env: ANNALS_DATA=]
          --database <URL>     A PostgreSQL database, in place of the embedded one:
                               postgres://user@host/name [env: ANNALS_DATABASE]
          --keys <FILE>        The key file; made with the database [default: annals/annals.keys in the
                               user's config home] [env: ANNALS_KEYS=]
          --organization <ID>  The organization [default: the only one]
          --stdin              Read the token itself from standard input, so that no history of commands
                               has it
          --json               Print one JSON object for each event
      -h, --help               Print help

    $ annals token rotate-workspace --help
    Replace the token of a workspace's data planes and print the new one, once; the one before is good
    no more

    Usage: annals token rotate-workspace [OPTIONS]

    Options:
          --data <DIR>         Folder of the embedded database [default: annals in the user's data home]
                               [env: ANNALS_DATA=]
          --database <URL>     A PostgreSQL database, in place of the embedded one:
                               postgres://user@host/name [env: ANNALS_DATABASE]
          --keys <FILE>        The key file; made with the database [default: annals/annals.keys in the
                               user's config home] [env: ANNALS_KEYS=]
          --organization <ID>  The organization [default: the only one]
          --workspace <ID>     The workspace [default: the only one]
          --json               Print one JSON object
      -h, --help               Print help

    $ annals organization --help
    Manage organizations

    Usage: annals organization <COMMAND>

    Commands:
      list    Say which organizations there are
      create  Make another organization with its first workspace, and print the token of its data
              planes, once
      update  Change what holds for a whole organization
      help    Print this message or the help of the given subcommand(s)

    Options:
      -h, --help  Print help

    $ annals organization list --help
    Say which organizations there are

    Usage: annals organization list [OPTIONS]

    Options:
          --data <DIR>      Folder of the embedded database [default: annals in the user's data home]
                            [env: ANNALS_DATA=]
          --database <URL>  A PostgreSQL database, in place of the embedded one:
                            postgres://user@host/name [env: ANNALS_DATABASE]
          --keys <FILE>     The key file; made with the database [default: annals/annals.keys in the
                            user's config home] [env: ANNALS_KEYS=]
          --json            Print one JSON object for each
      -h, --help            Print help

    $ annals organization create --help
    Make another organization with its first workspace, and print the token of its data planes, once

    Usage: annals organization create [OPTIONS] --name <NAME> --workspace <NAME> --owner <EMAIL>

    Options:
          --data <DIR>        Folder of the embedded database [default: annals in the user's data home]
                              [env: ANNALS_DATA=]
          --database <URL>    A PostgreSQL database, in place of the embedded one:
                              postgres://user@host/name [env: ANNALS_DATABASE]
          --keys <FILE>       The key file; made with the database [default: annals/annals.keys in the
                              user's config home] [env: ANNALS_KEYS=]
          --name <NAME>       Its name
          --workspace <NAME>  The name of its first workspace
          --owner <EMAIL>     The e-mail of the account that is to be its Admin
          --json              Print one JSON object
      -h, --help              Print help

    $ annals organization update --help
    Change what holds for a whole organization

    Usage: annals organization update [OPTIONS] <--name <NAME>|--require-mfa <BOOL>|--public-hashes <BOOL>>

    Options:
          --data <DIR>            Folder of the embedded database [default: annals in the user's data
                                  home] [env: ANNALS_DATA=]
          --database <URL>        A PostgreSQL database, in place of the embedded one:
                                  postgres://user@host/name [env: ANNALS_DATABASE]
          --keys <FILE>           The key file; made with the database [default: annals/annals.keys in
                                  the user's config home] [env: ANNALS_KEYS=]
          --organization <ID>     The organization [default: the only one]
          --name <NAME>           Its name
          --require-mfa <BOOL>    Whether members need a second factor [possible values: true, false]
          --public-hashes <BOOL>  Whether anyone may read the checkpoint of its log and the hashes over
                                  its entries, without a token [possible values: true, false]
      -h, --help                  Print help

    $ annals definitions --help
    Manage what is known of the types of sources and destinations

    Usage: annals definitions <COMMAND>

    Commands:
      import  Take the definitions of a checkout of the public integrations' configuration in, all in
              one change
      help    Print this message or the help of the given subcommand(s)

    Options:
      -h, --help  Print help

    $ annals definitions import --help
    Take the definitions of a checkout of the public integrations' configuration in, all in one change

    Usage: annals definitions import [OPTIONS] <FOLDER>

    Arguments:
      <FOLDER>  The checkout: the folder that has src/configurations in it

    Options:
          --data <DIR>         Folder of the embedded database [default: annals in the user's data home]
                               [env: ANNALS_DATA=]
          --database <URL>     A PostgreSQL database, in place of the embedded one:
                               postgres://user@host/name [env: ANNALS_DATABASE]
          --keys <FILE>        The key file; made with the database [default: annals/annals.keys in the
                               user's config home] [env: ANNALS_KEYS=]
          --guard <DIR>        Folder outside the database for what a restored backup must not forget
                               [default: annals in the user's state home] [env: ANNALS_GUARD=]
          --organization <ID>  The organization [default: the only one]
          --dry-run            Say what would be taken in, and change nothing
          --json               Print one JSON object
      -h, --help               Print help

    $ annals export --help
    Take an audit log out: whole, or rows with a proof for each

    Usage: annals export [OPTIONS] --output <PATH>

    Options:
          --data <DIR>             Folder of the embedded database [default: annals in the user's data
                                   home] [env: ANNALS_DATA=]
          --database <URL>         A PostgreSQL database, in place of the embedded one:
                                   postgres://user@host/name [env: ANNALS_DATABASE]
          --keys <FILE>            The key file; made with the database [default: annals/annals.keys in
                                   the user's config home] [env: ANNALS_KEYS=]
          --organization <ID>      The organization [default: the only one]
          --instance               The instance's own log, which belongs to who runs the server, in
                                   place of an organization's; whole
      -o, --output <PATH>          Where to: a new folder or a .tar.zst file for a full export,
                                   otherwise a file; - for standard output
          --format <FORMAT>        full: everything, to be checked as a whole; events: rows with a proof
                                   for each; csv: only the rows [default: full] [possible values: full,
                                   events, csv]
          --no-disclosures         Leave out what opens the sealed parts: a copy whose integrity can be
                                   checked, and that tells nothing of a person
          --resume                 Go on with a folder, or a file of rows, that an export was broken off
                                   in; with the same filters as then
          --actor <ID>             Only events of this actor: the id of a person or a service token
          --action <ACTION>        Only events with this action, such as `updated_name`
          --target <ID>            Only events about, or related to, the thing with this id
          --target-type <TYPE>     Only events about things of this type, such as source
          --created-after <TIME>   Only events later than this moment, in RFC 3339
          --created-before <TIME>  Only events earlier than this moment, in RFC 3339
          --json                   Print one JSON object about the export
      -h, --help                   Print help

    $ annals import --help
    Bring over what was elsewhere

    Usage: annals import <COMMAND>

    Commands:
      workspace  Bring a workspace over, all of it or nothing: from an exported workspaceConfig.json, or
                 from its control plane
      help       Print this message or the help of the given subcommand(s)

    Options:
      -h, --help  Print help

    $ annals import workspace --help
    Bring a workspace over, all of it or nothing: from an exported workspaceConfig.json, or from its
    control plane

    Usage: annals import workspace [OPTIONS] <FILE | URL>

    Arguments:
      <FILE | URL>  The file, or the address of the control plane that a data plane reads from

    Options:
          --data <DIR>         Folder of the embedded database [default: annals in the user's data home]
                               [env: ANNALS_DATA=]
          --database <URL>     A PostgreSQL database, in place of the embedded one:
                               postgres://user@host/name [env: ANNALS_DATABASE]
          --keys <FILE>        The key file; made with the database [default: annals/annals.keys in the
                               user's config home] [env: ANNALS_KEYS=]
          --organization <ID>  The organization [default: the only one]
          --token-file <FILE>  A file with the token of the workspace's data plane there [default:
                               `ANNALS_IMPORT_TOKEN`]
          --code-from <URL>    Where code is fetched that a file names and does not carry: the address
                               of the control plane
          --new <NAME>         Into a new workspace with this name
          --workspace <ID>     Into this workspace, which must be empty [default: the only one]
          --dry-run            Only say what would come, and what would stay behind
          --json               Print one JSON object
      -h, --help               Print help

    $ annals verify --help
    Check a log, an export or a receipt, offline

    Usage: annals verify [OPTIONS] <FOLDER|FILE|URL>

    Arguments:
      <FOLDER|FILE|URL>  A folder or archive of a full export, the address of a log, a receipt, or a
                         filtered export

    Options:
          --key <VKEY>          The log's verifier key, `<name>+<id>+<key>`, as you had it before
          --policy <FILE>       A policy: the keys of logs and witnesses, and how many witnesses must
                                have cosigned (c2sp.org/tlog-policy)
          --origin <TEXT>       The log's origin, the first line of its checkpoints [default: the name
                                of the key]
          --since <FILE>        A checkpoint or receipt from before: the log must have grown out of it
          --since-key <VKEY>    The verifier key that --since was signed with, where the log's key was
                                changed after it
          --max-age <DURATION>  The oldest that the newest cosignature may be, such as 90s, 15m, 36h, 7d
          --entry <FILE>        The entry's bytes, for a receipt that does not carry them
          --content             Look at what entries say even where nothing was disclosed
          --token-file <FILE>   Read a token for the address from this file [default: the variable
                                `ANNALS_TOKEN`]
          --json                Print one JSON object
      -h, --help                Print help

    Exit codes: 0 verified; 1 could not run; 2 not authentic (signature, key, origin, witnesses); 3
    tampered (entry, tile, root, or a fork against --since); 4 something disclosed does not match; 5
    incomplete or too old.

    $ annals privacy --help
    Erase what is known of a person

    Usage: annals privacy <COMMAND>

    Commands:
      erase  Erase a person, or one value: what was sealed can never be opened again, and every proof
             stays valid
      help   Print this message or the help of the given subcommand(s)

    Options:
      -h, --help  Print help

    $ annals privacy erase --help
    Erase a person, or one value: what was sealed can never be opened again, and every proof stays valid

    Usage: annals privacy erase [OPTIONS] [USER]

    Arguments:
      [USER]  The person: an id, or an e-mail

    Options:
          --data <DIR>         Folder of the embedded database [default: annals in the user's data home]
                               [env: ANNALS_DATA=]
          --database <URL>     A PostgreSQL database, in place of the embedded one:
                               postgres://user@host/name [env: ANNALS_DATABASE]
          --keys <FILE>        The key file; made with the database [default: annals/annals.keys in the
                               user's config home] [env: ANNALS_KEYS=]
          --guard <DIR>        Folder outside the database for what a restored backup must not forget
                               [default: annals in the user's state home] [env: ANNALS_GUARD=]
          --organization <ID>  Only from this organization [default: from all, and the account]
          --event <ID>         The event that one value is erased from
          --part <PART>        The part of the event: actor, origin, target, detail, changes/0 to
                               changes/63
          --basis <WORD>       Why; this word stays in the log [default: request] [possible values:
                               request, consent_withdrawn, retention, mistake]
          --yes                Do it without asking
          --json               Print one JSON object
      -h, --help               Print help

    $ annals recover --help
    Say which logs are not signed and why, and go on with them

    Usage: annals recover [OPTIONS]

    Options:
          --data <DIR>       Folder of the embedded database [default: annals in the user's data home]
                             [env: ANNALS_DATA=]
          --database <URL>   A PostgreSQL database, in place of the embedded one:
                             postgres://user@host/name [env: ANNALS_DATABASE]
          --keys <FILE>      The key file; made with the database [default: annals/annals.keys in the
                             user's config home] [env: ANNALS_KEYS=]
          --guard <DIR>      Folder outside the database for what a restored backup must not forget
                             [default: annals in the user's state home] [env: ANNALS_GUARD=]
          --accept-database  Go on with what the database holds
          --json             Print one JSON object
      -h, --help             Print help

    $ annals rotate-key --help
    Sign a log with its next key; each that was replaced signs as well for 30 days

    Usage: annals rotate-key [OPTIONS]

    Options:
          --data <DIR>         Folder of the embedded database [default: annals in the user's data home]
                               [env: ANNALS_DATA=]
          --database <URL>     A PostgreSQL database, in place of the embedded one:
                               postgres://user@host/name [env: ANNALS_DATABASE]
          --keys <FILE>        The key file; made with the database [default: annals/annals.keys in the
                               user's config home] [env: ANNALS_KEYS=]
          --organization <ID>  The organization [default: the only one]
          --instance           The instance's own log, in place of an organization's
          --leaked             The keys may be known to others: make new ones for every log, and let the
                               old ones sign nothing more
          --json               Print one JSON object
      -h, --help               Print help

    $ annals migrate --help
    Bring a database to this version's schema, as its owner

    Usage: annals migrate [OPTIONS]

    Options:
          --data <DIR>      Folder of the embedded database [default: annals in the user's data home]
                            [env: ANNALS_DATA=]
          --database <URL>  A PostgreSQL database, in place of the embedded one:
                            postgres://user@host/name [env: ANNALS_DATABASE]
          --keys <FILE>     The key file; made with the database [default: annals/annals.keys in the
                            user's config home] [env: ANNALS_KEYS=]
      -h, --help            Print help

    $ annals bench --help
    Measure what an audited change costs on this machine

    Usage: annals bench <COMMAND>

    Commands:
      write       Compare an audited change with the same row change committed bare, and one caller with
                  many
      export      Compare taking a log out with `sqlite3` printing the same entries
      verify      Compare verifying a full export with hashing the same entries in memory
      read        Ask the API for single things and for pages of long lists
      poll        Ask for a workspace's configuration as data planes do, unchanged and changed, one and
                  two hundred
      start       Start a server on a database that exists; say how soon it answers and what memory it
                  holds
      sign-in     Measure sign-ins while 64 clients write, and how far the writers' rate falls
      permission  Measure what it costs to find out who acts and whether a permission is there
      help        Print this message or the help of the given subcommand(s)

    Options:
      -h, --help  Print help

    $ annals bench write --help
    Compare an audited change with the same row change committed bare, and one caller with many

    Usage: annals bench write [OPTIONS]

    Options:
          --database <URL>  An empty PostgreSQL database to work in, in place of the embedded one; it is
                            empty again afterwards
          --dir <DIR>       Folder to work below, on the file system that is to be measured [default:
                            that of temporary files]
          --seconds <N>     How long to measure, all in all [default: 20]
          --changes <N>     How many changes to make with each way of making them, in place of a time
          --no-index        Leave the index that finds events alone; a server brings it up to date five
                            times a second, beside the changes
          --no-sign         Sign and serve nothing; a server signs four times a second, beside the
                            changes
          --json            Print one JSON object
      -h, --help            Print help

    $ annals bench export --help
    Compare taking a log out with `sqlite3` printing the same entries

    Usage: annals bench export [OPTIONS]

    Options:
          --events <N>  How many events the log has [default: 100000]
          --rounds <N>  How often each way is measured [default: 3]
          --dir <DIR>   Folder to work below [default: that of temporary files]
          --json        Print one JSON object
      -h, --help        Print help

    $ annals bench verify --help
    Compare verifying a full export with hashing the same entries in memory

    Usage: annals bench verify [OPTIONS]

    Options:
          --events <N>  How many events the log has [default: 1000000]
          --rounds <N>  How often each way is measured [default: 3]
          --dir <DIR>   Folder to work below [default: that of temporary files]
          --json        Print one JSON object
      -h, --help        Print help

    $ annals bench read --help
    Ask the API for single things and for pages of long lists

    Usage: annals bench read [OPTIONS]

    Options:
          --database <URL>  A PostgreSQL database to work in, in a schema of its own [default: the
                            embedded database]
          --dir <DIR>       Folder to work below [default: that of temporary files]
          --things <N>      How many sources, destinations and connections there are [default: 10000]
          --requests <N>    How often each is asked for [default: 200]
          --json            Print one JSON object
      -h, --help            Print help

    $ annals bench poll --help
    Ask for a workspace's configuration as data planes do, unchanged and changed, one and two hundred

    Usage: annals bench poll [OPTIONS]

    Options:
          --dir <DIR>          Folder to work below [default: that of temporary files]
          --things <N>         How many sources, destinations and connections the workspace has
                               [default: 1000]
          --polls <N>          How often each kind of poll is made [default: 200]
          --planes <N>         How many data planes ask every five seconds [default: 200]
          --seconds <SECONDS>  How long they do [default: 20]
          --json               Print one JSON object
      -h, --help               Print help

    $ annals bench start --help
    Start a server on a database that exists; say how soon it answers and what memory it holds

    Usage: annals bench start [OPTIONS]

    Options:
          --dir <DIR>   Folder to work below [default: that of temporary files]
          --starts <N>  How often the server is started [default: 10]
          --json        Print one JSON object
      -h, --help        Print help

    $ annals bench sign-in --help
    Measure sign-ins while 64 clients write, and how far the writers' rate falls

    Usage: annals bench sign-in [OPTIONS]

    Options:
          --database <URL>  An empty PostgreSQL database to work in, in place of the embedded one; it is
                            empty again afterwards
          --dir <DIR>       Folder to work below, on the file system that is to be measured [default:
                            that of temporary files]
          --seconds <N>     How long to measure, all in all [default: 24]
          --json            Print one JSON object
      -h, --help            Print help

    $ annals bench permission --help
    Measure what it costs to find out who acts and whether a permission is there

    Usage: annals bench permission [OPTIONS]

    Options:
          --dir <DIR>   Folder to work below [default: that of temporary files]
          --checks <N>  How many checks [default: 64000]
          --json        Print one JSON object
      -h, --help        Print help

    $ annals openapi --help
    Print the description of the API (OpenAPI 3.1)

    Usage: annals openapi

    Options:
      -h, --help  Print help
    "#);
}
