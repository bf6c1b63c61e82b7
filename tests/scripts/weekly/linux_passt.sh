#!/bin/bash
# A Linux in zvmm gets its address by DHCP from passt, whose user needs no privileges, and fetches a page from a server on
# the machine that passt runs on. In the nested environment.
# usage: tests/scripts/weekly/linux_passt.sh LIBRARY_DIR    (build/<preset>/src; exit status 77: cannot be tested here)
set -euo pipefail

# shellcheck source=tests/scripts/lib/zvmm_linux.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/../lib/zvmm_linux.sh"
begin_zvmm_linux "$1" passt

cp -- "$(dirname -- "$nested_kernel")"/demo/*.ko "$work/root/modules/"
cat >"$work/root/init" <<'END'
#!/bin/busybox sh
b=/bin/busybox
$b mount -t devtmpfs devtmpfs /dev
$b mount -t proc proc /proc
exec </dev/console >/dev/console 2>&1
for module in /modules/*.ko; do
  $b insmod "$module"
done
$b ip link set eth0 up
$b udhcpc -i eth0 -n -q -f -s /dhcp
echo "guest: $($b ip -4 -o addr show eth0)"
echo "guest: $($b ip route)"
# passt takes what is sent to the router to its own machine's loopback interface.
echo "guest: $($b wget -q -O - http://10.0.2.2:8080/page)"
$b wget -q -O - http://10.0.2.2:8080/large | $b sha256sum
$b poweroff -f
END
# udhcpc says what it has been given in the environment.
cat >"$work/root/dhcp" <<'END'
#!/bin/busybox sh
[ "$1" = bound ] || exit 0
/bin/busybox ip addr add "$ip/$mask" dev "$interface"
/bin/busybox ip route add default via "$router"
END
chmod +x -- "$work/root/dhcp"
pack_initramfs

mkdir -- "$work/pages"
page="a page that only this run knows: $(od -An -N8 -tx8 /dev/urandom | tr -d ' ')"
printf '%s\n' "$page" >"$work/pages/page"
head -c 1000000 /dev/urandom >"$work/pages/large"
sum=$(sha256sum <"$work/pages/large")

run_nested 'passt' --timeout 300 --file "$zvmm" --file "$(type -P passt)" --file "$(type -P busybox):/bin/busybox" \
  --file "$nested_kernel:/demo/vmlinuz" --file "$work/initramfs:/demo/initramfs" --file "$work/pages:/pages" \
  "$repository/tests/zvmm/guest/linux_passt_runs.sh" "$zvmm" "$(type -P passt)"
says 1 "guest: $page"
says 1 "$sum"
says 1 "zvmm with passt: status 0"
finish "passt and Linux"
