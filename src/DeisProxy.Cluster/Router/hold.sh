#!/bin/sh
# Holds new connections to ports of this node while load balancer and router switch to the PROXY protocol or back.
#
#   sh -c "$text" sh "$text" ID NUMBER PORT...     as root; then it is told, line by line, on its standard input:
#     ready                    answers what it can do: content, syn: WHY NOT MORE, or refused: WHY NOT
#     hold proxy|plain|both    holds connections that begin with a PROXY line, those that do not, or all
#     hold syn                 holds all without looking at them: it drops their SYN, which senders repeat after 1 s, 3 s, 7 s
#     stay                     holds on for another 4.5 s
#     release                  lets everything go
#
# A guard that outlives the SSH session (a transient systemd unit, else a process in a session of its own) is started
# first, and without it nothing is held. It lets everything go when told to, when the session ends, and when it has been told
# nothing for 4.5 s, and does not end before iptables shows nothing of us any more.
#
# By content: a connection's handshake reaches the router only with its first data, so that the router accepts it in the
# mode of that moment; data that do not fit are dropped, and TCP sends them again after 0.2, 0.6, 1.4, 3 s. Connections
# from before, those let through, loopback, and packets that are only forwarded pass untouched.
# A connection that has sent nothing when the router repeats its SYN-ACK after 1 s is one without a PROXY line.

self=$1 id=$2 number=$3
shift 3
PATH=$PATH:/usr/sbin:/sbin
dir=/run/deis-proxy.$id
chain=deis-proxy-$id

# Connection marks: six bits tell the run, so that another run's marks mean nothing here; three bits tell the state.
fresh=1 proxy=2 plain=3 acknowledged=5
run_bits=0xfc000000 all_bits=0xff800000 undecided_bits=0xfd800000 decided_bits=0xfd000000
hold_rule=9

mark() { printf '0x%08x/%s' $((number << 26 | $1 << 23)) "$2"; }

# While connections are held, nothing may hang: $bound is a program that ends what does.
bound=
tables() { $bound iptables -w -t "$@"; }
mangle() { tables mangle "$@"; }
add() { mangle -A "$chain" -p tcp "$@"; }
become() { state=$1; shift; add "$@" -j CONNMARK --set-xmark "$(mark "$state" $all_bits)"; }

build() {
  payload='0>>22&0x3C@12>>26&0x3C@0'
  mangle -N "$chain" &&
    become $fresh --syn &&
    add --syn -j RETURN &&
    add -m connmark ! --mark "$(mark 0 $run_bits)" -j RETURN &&
    become $proxy -m connmark --mark "$(mark $fresh $undecided_bits)" -m u32 --u32 "$payload=0x50524F58" &&
    become $plain -m connmark --mark "$(mark $fresh $undecided_bits)" -m u32 --u32 "$payload=0:0xFFFFFFFF" &&
    become $plain -m connmark --mark "$(mark $acknowledged $all_bits)" --tcp-flags FIN,RST NONE &&
    become $acknowledged -m connmark --mark "$(mark $fresh $all_bits)" --tcp-flags FIN,RST NONE &&
    add -m connmark --mark "$(mark $acknowledged $all_bits)" --tcp-flags FIN,RST NONE -j DROP &&
    add -m connmark --mark "$(mark $proxy $all_bits)" -j DROP &&
    add -j CONNMARK --set-xmark 0/$all_bits
}

jump() { mangle "$1" PREROUTING ! -i lo -p tcp --dport "$2" -m addrtype --dst-type LOCAL -j "$chain"; }
syn() { tables raw "$1" PREROUTING ! -i lo -p tcp --dport "$2" --syn -m addrtype --dst-type LOCAL -m comment --comment "deis-proxy $id" -j DROP; }

# Lets everything go. The chain stays for a moment to take the marks off the connections that were held.
open() {
  for port; do while syn -D "$port"; do :; done; done 2>/dev/null
  mangle -C "$chain" -j RETURN 2>/dev/null && return
  mangle -I "$chain" -j RETURN 2>/dev/null && mangle -I "$chain" -m connmark --mark "$(mark 0 $run_bits)" -j CONNMARK --set-xmark 0/$all_bits
}

remove() {
  for port; do
    while syn -D "$port"; do :; done
    while jump -D "$port"; do :; done
  done 2>/dev/null
  mangle -F "$chain" 2>/dev/null
  mangle -X "$chain" 2>/dev/null
}

gone() {
  for table in $used; do
    rules=$(tables "$table" -S 2>/dev/null) || return 1
    case $rules in *"$id"*) return 1 ;; esac
  done
}

now() { read -r now _ </proc/uptime; now=${now%.*}${now#*.}; }
limit() { now; echo $((now + $1)) >"$dir/until"; }
guarded() { read -r guard <"$dir/guard" && [ -d "/proc/$guard" ]; } 2>/dev/null

if [ "$self" = guard ]; then
  echo $$ >"$dir/guard"
  used=
  for table in raw mangle; do tables $table -S >/dev/null 2>&1 && used="$used $table"; done
  now
  end=$((now + 18000)) last=$((now + 30000))
  while [ ! -e "$dir/free" ] && [ "$now" -lt "$end" ] && [ "$now" -lt "$last" ]; do
    sleep 0.2
    now
    # What is not there as a whole, as on a full disk, does not count.
    read -r next 2>/dev/null <"$dir/until" && end=$next
  done

  # Without the guard's file nothing is held any more; what had begun before that is over after a second.
  rm -f "$dir/guard"
  open "$@"
  sleep 1.5
  open "$@"
  sleep 2.5
  tick=0
  until remove "$@"; gone || [ $tick -ge 600 ]; do sleep 1; tick=$((tick + 1)); done
  rm -rf "$dir"
  exit
fi

hold() {
  kind=$1
  shift
  if [ -n "$over" ] || ! guarded; then
    echo 'hold refused: connections were let go already'
    return
  fi
  limit 450
  bound='timeout 0.5' held=yes
  if [ "$kind" != syn ]; then
    case $kind in
    proxy) what=$(mark $proxy $all_bits) ;;
    plain) what=$(mark $plain $all_bits) ;;
    *) what=$(mark $proxy $decided_bits) ;;
    esac
    mangle -R "$chain" $hold_rule -p tcp -m connmark --mark "$what" -j DROP || held=
  fi
  for port; do
    [ -n "$held" ] || break
    if [ "$kind" = syn ]; then
      syn -I "$port" || held=
    elif [ -z "$jumps" ]; then
      jump -A "$port" || held=
    fi
  done
  bound=
  if [ -n "$held" ]; then
    jumps=$kind
    echo "hold done"
  else
    open "$@"
    echo "hold refused: iptables ended with an error, or did not end"
  fi
}

trap '' HUP PIPE
mkdir -m 700 "$dir" && printf '%s\n' "$self" >"$dir/script" && limit 18000 || exit 1
{
  systemd-run --unit="deis-proxy-$id" sh "$dir/script" guard "$id" "$number" "$@" ||
    exec setsid sh "$dir/script" guard "$id" "$number" "$@"
} </dev/null >/dev/null 2>&1 &
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
  [ -s "$dir/guard" ] && break
  sleep 0.1
done

others=$(for table in raw mangle nat filter; do tables $table -S; done 2>/dev/null | grep -v deis-proxy | grep -i connmark)
if ! guarded; then
  can='refused: the guard did not start'
elif [ -n "$others" ]; then
  can='syn: other rules on the node use connection marks'
elif why=$(build 2>&1); then
  can=content
else
  remove "$@"
  can="syn: $why"
fi
case $can in syn*) tried=$(tables raw -S PREROUTING 2>&1) || can="refused: $tried" ;; esac

jumps='' over=''
while read -r word kind; do
  case $word in
  ready) printf 'ready %s\n' "$(printf '%s' "$can" | tr '\n' ' ')" ;;
  hold) hold "$kind" "$@" ;;
  stay) if guarded && limit 450; then echo 'stay done'; else echo 'stay refused: the guard is gone'; fi ;;
  release)
    over=yes
    open "$@"
    : >"$dir/free"
    echo 'release done'
    ;;
  esac
done
open "$@"
: >"$dir/free"
