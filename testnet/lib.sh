# What demo, up, bench and the others share: building, making a network of four facilities, starting, asking, stopping.
# Sourced, never run. Everything lives below $net; only processes started here are ever ended, by their ids.

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
facilities=(alpha bravo charlie delta)

die() { printf 'testnet: %s\n' "$*" >&2; exit 1; }

build() { # [PRESET]: the programs, quietly unless something is wrong
    local preset=${1:-release} log
    "$top/testnet/install" || exit 1
    mkdir -p "$top/build"
    log=$top/build/$preset.log
    echo "Building ($preset); the first time takes about a minute."
    if ! { cd "$top" && cmake --preset "$preset" && cmake --build --preset "$preset"; } >"$log" 2>&1; then
        tail -n 40 "$log" >&2
        die "the build failed; the whole log is in $log"
    fi
    bin=$top/build/$preset/bin
    PATH=$bin:$PATH
}

free_ports() { # COUNT: ports that nobody uses now, below those that the system gives to outgoing connections
    python3 - "$1" <<'P'
import random, socket, sys
held = []
while len(held) < int(sys.argv[1]):
    one = socket.socket()
    try:
        one.bind(("127.0.0.1", random.randrange(15000, 32000)))
        held.append(one)
    except OSError:
        one.close()
print(*(one.getsockname()[1] for one in held))
P
}

quietly() { # COMMAND...: its output only if it fails
    local out
    out=$("$@" 2>&1) || { printf '%s\n' "$out" >&2; die "this failed: $*"; }
}

# Keys, genesis and four node directories below $net. Wants peer_ports, http_ports, and people.csv, codes.csv there.
make_network() { # [extra words for rota genesis new...]
    umask 077
    [ -f "$net/passphrase" ] || head -c 18 /dev/urandom | base64 >"$net/passphrase"
    pass=(--passphrase-file "$net/passphrase")
    local members=() coordinators=() i name
    for i in "${!facilities[@]}"; do
        name=${facilities[$i]}
        quietly rota key generate --role facility --label "$name" --out "$net/$name" "${pass[@]}"
        quietly rota key generate --role coordinator --label "chief-$name" --out "$net/chief-$name" "${pass[@]}"
        members+=(--member "$name=$net/$name.pub@tcp://127.0.0.1:${peer_ports[$i]}")
        coordinators+=(--coordinator "$net/chief-$name.pub@$name:scheduler+director")
    done
    quietly rota genesis new --name testnet "${members[@]}" "${coordinators[@]}" --people "$net/people.csv" \
        --codes "$net/codes.csv" "$@" --out "$net/draft.json"
    quietly rota genesis seal "$net/draft.json" --out "$net/genesis.json"
    for i in "${!facilities[@]}"; do
        name=${facilities[$i]}
        quietly rota node init --dir "$net/node-$name" --genesis "$net/genesis.json" --key "$net/$name.key" \
            --http "127.0.0.1:${http_ports[$i]}"
    done
}

url() { # NAME: where its coordinators reach it
    local i
    for i in "${!facilities[@]}"; do
        if [ "${facilities[$i]}" = "$1" ]; then echo "http://127.0.0.1:${http_ports[$i]}"; fi
    done
}

start_node() { # NAME
    rotad --dir "$net/node-$1" --passphrase-file "$net/passphrase" >>"$net/$1.log" 2>&1 </dev/null &
    echo $! >"$net/$1.pid"
    disown # the shell need not report its end
}

stop_node() { # NAME [SIGNAL]: waits until it is gone
    local pid
    [ -f "$net/$1.pid" ] || return 0
    pid=$(cat "$net/$1.pid")
    rm -f "$net/$1.pid"
    kill -"${2:-TERM}" "$pid" 2>/dev/null || return 0
    for _ in $(seq 100); do
        kill -0 "$pid" 2>/dev/null || return 0
        sleep 0.05
    done
    kill -KILL "$pid" 2>/dev/null || true
}

stop_all() {
    local name
    for name in "${facilities[@]}"; do stop_node "$name"; done
}

get() { # NAME PATH: a document of its HTTP door
    curl -sS --max-time 10 "$(url "$1")$2"
}

field() { # NAME of a member of the JSON on standard input
    python3 -c 'import json,sys
value = json.load(sys.stdin)
for part in sys.argv[1].split("."):
    value = value[part]
print(value)' "$1"
}

wait_until() { # SECONDS WHAT COMMAND...: polls a fact
    local seconds=$1 what=$2 end=$((SECONDS + $1))
    shift 2
    until "$@" >/dev/null 2>&1; do
        [ $SECONDS -lt $end ] || die "$what: not within $seconds s"
        sleep 0.1
    done
}

is_ready() { # NAME: may take proposals
    [ "$(curl -s -o /dev/null -w '%{http_code}' --max-time 2 "$(url "$1")/readyz/write")" = 200 ]
}

height_of() { get "$1" /v1/status | field height; }

same_head() { # NAMES...: equal height and head
    local name first='' now
    for name in "$@"; do
        now=$(get "$name" /v1/status | python3 -c 'import json,sys; s=json.load(sys.stdin); print(s["height"], s["head"])') || return 1
        [ -n "$now" ] && [ "${first:=$now}" = "$now" ] || return 1
    done
}
