#!/bin/sh
# Starts systemd as the first process of name spaces of its own: `systemd.sh FOLDER`, under `unshare --mount
# --pid --fork --cgroup --ipc --uts`. It sees this machine with what lies in FOLDER/files over it, and writes
# into memory alone. With `check` behind FOLDER, nothing is started.
set -e
root=$1/root
mount --make-rprivate /
mkdir -p "$root" "$1/over"
mount -t tmpfs tmpfs "$1/over"
mkdir "$1/over/upper" "$1/over/work"
mount -t overlay overlay -o "lowerdir=/,upperdir=$1/over/upper,workdir=$1/over/work" "$root"
mount -t proc proc "$root/proc"
# What belongs to the machine is only looked at.
mount --bind "$root/proc/sys" "$root/proc/sys"
mount -o remount,bind,ro "$root/proc/sys"
mount -t sysfs -o ro sysfs "$root/sys"
mount -t cgroup2 none "$root/sys/fs/cgroup"
mount -t tmpfs -o mode=755 tmpfs "$root/dev"
for node in null zero full random urandom tty; do
  : >"$root/dev/$node"
  mount --bind "/dev/$node" "$root/dev/$node"
done
mkdir "$root/dev/pts" "$root/dev/shm" "$root/dev/mqueue"
mount -t devpts -o newinstance,ptmxmode=0666 devpts "$root/dev/pts"
ln -s pts/ptmx "$root/dev/ptmx"
mount -t tmpfs tmpfs "$root/dev/shm"
mount -t mqueue mqueue "$root/dev/mqueue"
mount -t tmpfs -o mode=755 tmpfs "$root/run"
mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
[ "${2-}" != check ] || exit 0
cp -r "$1/files/." "$root/"
export container=rollcall
cd "$root"
# A service with a view of its own needs a true root to begin with.
pivot_root . mnt
umount -l /mnt
# Credentials are mounted by a child, and are to be seen.
mount --make-rshared /
exec chroot . /lib/systemd/systemd --system --unit=story.target --log-target=null --show-status=0
