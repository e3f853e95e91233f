#!/bin/sh
# mysql-packages.sh FOLDER: unpacks the MySQL server of Debian unstable into FOLDER, as mysql-packages.ts says, with its own mysql
# and mysqldump in FOLDER/bin; FOLDER/mysqld is there when all is. Taken from the machine's apt: mirror, keyring, proxy. Hooks in its
# configuration are not run.
set -eu
umask 077
cd "$1"
if [ -x mysqld ] && [ -x bin/mysqldump ]; then exit 0; fi
mkdir -p apt/lists/partial apt/archives/partial debs
. /etc/os-release
set -- $(apt-get indextargets --format '$(RELEASE) $(REPO_URI) $(SIGNED_BY)' 'Created-By: Packages' |
  sed -n "s/^$VERSION_CODENAME //p" | head -n 1)
if [ $# -eq 0 ]; then echo "apt knows no mirror of Debian $VERSION_CODENAME" >&2; exit 1; fi
echo "deb ${2:+[signed-by=$2] }$1 sid main" > apt/sources.list
{
  apt-config dump | grep -E '^(Acquire::|APT::Architecture)'
  for entry in "Dir::State $PWD/apt" "Dir::State::Lists $PWD/apt/lists" "Dir::State::Status /dev/null" \
    "Dir::Cache $PWD/apt" "Dir::Log $PWD/apt" "Dir::Etc::SourceList $PWD/apt/sources.list" \
    "Dir::Etc::SourceParts /dev/null" "Dir::Etc::Main /dev/null" "Dir::Etc::Parts /dev/null" \
    "Dir::Etc::Preferences /dev/null" "Dir::Etc::PreferencesParts /dev/null" "APT::Sandbox::User root"
  do echo "${entry%% *} \"${entry#* }\";"; done
} > apt/apt.conf
export APT_CONFIG="$PWD/apt/apt.conf"
apt-get -q update
# Perl is for its scripts; character sets of the C library are not used.
wanted=$(apt-cache depends --recurse --no-recommends --no-suggests --no-conflicts --no-breaks --no-replaces --no-enhances \
  mysql-server-core mysql-client | grep -E '^[a-z]' | grep -Ev 'perl|gconv' | sort -u)
(cd debs && apt-get -q download $wanted)
rm -rf root
# The newest last: what an earlier start has left may be older.
for package in $(ls -tr debs/*.deb); do dpkg-deb -x "$package" root; done
find root/usr/bin ! -type d ! -name mysql ! -name mysqldump -delete
rm -rf root/usr/share/doc root/usr/share/man
loader=$(cd root && find usr/lib -path 'usr/lib/*/ld-linux*' | head -n 1)
# A file that starts PROGRAM of root with its own libraries and, behind the caller's words, ours.
starter() {
  cat > "$1" <<PROGRAM
#!/bin/sh
here=\$(cd "\$(dirname "\$0")" && pwd)/$2
exec "\$here/$loader" --library-path "\$here/$(dirname "$loader")" "\$here/$3" "\$@" $4
PROGRAM
  chmod 755 "$1"
}
mkdir -p bin
for program in mysql mysqldump; do
  starter bin/$program ../root usr/bin/$program ""
  ./bin/$program --version
done
starter mysqld.new root usr/sbin/mysqld '--basedir="$here/usr" --plugin-dir="$here/usr/lib/mysql/plugin" --lc-messages-dir="$here/usr/share/mysql"'
./mysqld.new --no-defaults --version
mv mysqld.new mysqld
rm -rf apt debs
