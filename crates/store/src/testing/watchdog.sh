# shellcheck shell=sh
#
# Runs one throw-away PostgreSQL cluster for as long as its owner, the test process, lives.
#
#   sh -c "$(cat watchdog.sh)" annals-postgres BIN PORTS [SETTING...]
#
# BIN      folder of initdb and pg_ctl
# PORTS    ports to try, one after another, as one word
# SETTING  further settings of the server, NAME=VALUE
#
# Standard input is a pipe whose other end only the owner holds. The kernel closes it when the owner ends, however it
# ends; everything made here is then stopped and removed. Because the folder is made here as well, there is no moment
# at which the owner could die and leave something behind.
#
# Answers with one line on standard output, "ready PORT PASSWORD FOLDER", or with the reason why not.

# Control-C reaches the whole group, and the owner's end of standard output may be gone: neither may stop the tidying.
trap '' HUP INT TERM PIPE
umask 077

bin=$1
ports=$2
shift 2

# TMPDIR may belong to the user that was left behind.
dir=$(mktemp -d "${TMPDIR:-/tmp}/annals-postgres-XXXXXX" 2>/dev/null) ||
    dir=$(mktemp -d /tmp/annals-postgres-XXXXXX) || exit 1
data=$dir/data
log=$dir/log

# Only this process may know the password: a server without one, on loopback, would let everyone on the machine run
# programs as the user of the tests.
password=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
printf '%s\n' "$password" >"$dir/password"

tidy() {
    "$bin/pg_ctl" stop -D "$data" -m immediate -t 60 </dev/null >/dev/null 2>&1
    cd / && rm -rf "$dir"
}

fail() {
    cat "$log"
    tidy
    exit 1
}

# Text sorts as in a dictionary here, not by bytes, so that a statement that forgets COLLATE "C" is found out: it
# would answer in another order than SQLite does.
"$bin/initdb" -D "$data" -U annals --auth=scram-sha-256 --pwfile="$dir/password" --encoding=UTF8 \
    --locale=C.UTF-8 --locale-provider=icu --icu-locale=en-US --no-sync --no-instructions \
    </dev/null >"$log" 2>&1 || fail

{
    echo "listen_addresses = '127.0.0.1'"
    echo "unix_socket_directories = ''" # its path may be too long for a socket's name
    echo "max_connections = 300"
    echo "max_wal_size = '128MB'" # hundreds of small databases are made here; their log need not be kept
    echo "min_wal_size = '32MB'"
    echo "wal_level = minimal"
    echo "max_wal_senders = 0"
    echo "autovacuum = off" # would start in the middle of a test, or not
    echo "timezone = 'Asia/Kathmandu'" # 5:45 ahead: whoever relies on the server's zone notices
    echo "log_line_prefix = '%m %d '"
    for setting in "$@"; do
        printf "%s = '%s'\n" "${setting%%=*}" "${setting#*=}"
    done
} >>"$data/postgresql.conf"

started=
for port in $ports; do
    if "$bin/pg_ctl" start -D "$data" -w -t 60 -s -l "$log" -o "-c port=$port" </dev/null >/dev/null 2>&1; then
        started=$port
        break
    fi
done
[ -n "$started" ] || fail

printf 'ready %s %s %s\n' "$started" "$password" "$dir"
exec >/dev/null 2>&1

cat # returns when the owner has ended
tidy
