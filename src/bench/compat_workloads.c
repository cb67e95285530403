/* bench/compat_workloads.c
 * The programs that people run in containers, each doing a little of what it
 * is there for.  They are the host's own, copied with their libraries into a
 * rootfs, and write to /dev/shm alone. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/str.h"
#include "bench/bench.h"
#include "bench/compat.h"
#include "bench/tools.h"
#include "bench/workload.h"

/* A shell for those that need a server and a client. */
static int add_busybox(struct bench *b, const char *rootfs, struct err *err)
{
	return workload_add_program(b, rootfs, "busybox", "/bin/busybox", err);
}

static int add_bash(struct bench *b, const char *rootfs, struct err *err)
{
	static const char *const names[] = {"seq", "sort", "head",
					    "wc",  "cat",  "mktemp"};
	int rc = workload_add_program(b, rootfs, "bash", "/bin/bash", err);

	for (size_t i = 0; rc == 0 && i < ARRAY_SIZE(names); i++)
		rc = workload_add_program(
			b, rootfs, names[i],
			arena_printf(b->r.arena, "/bin/%s", names[i]), err);
	return rc;
}

static int add_python(struct bench *b, const char *rootfs, struct err *err)
{
	static const char ask[] =
		"import sysconfig; print(sysconfig.get_path('stdlib'))";
	/* The distribution's, whose library is where it looks for it. */
	char *python = tool_find(b, "/usr/bin/python3"), *folder;
	struct bench_run run;
	int rc;

	if (!python)
		return err_say(err, -ENOENT,
			       "/usr/bin/python3 is not installed");
	rc = workload_add_program(b, rootfs, python, "/usr/bin/python3", err);
	if (rc == 0)
		rc = tool_run(WORDS(python, (char *)"-c", (char *)ask), 10000,
			      &run, err);
	if (rc < 0)
		return rc;
	run.out[strcspn(run.out, "\n")] = '\0';
	folder = arena_strdup(b->r.arena, run.out);
	bench_run_free(&run);
	if (*folder != '/')
		return err_say(err, -ENOENT, "python3 has no library");
	return workload_add_folder(rootfs, folder, err);
}

static int add_node(struct bench *b, const char *rootfs, struct err *err)
{
	return workload_add_program(b, rootfs, "node", "/bin/node", err);
}

static int add_redis(struct bench *b, const char *rootfs, struct err *err)
{
	int rc = add_busybox(b, rootfs, err);

	if (rc == 0)
		rc = workload_add_program(b, rootfs, "redis-server",
					  "/bin/redis-server", err);
	if (rc == 0)
		rc = workload_add_program(b, rootfs, "redis-cli",
					  "/bin/redis-cli", err);
	return rc;
}

static int add_nginx(struct bench *b, const char *rootfs, struct err *err)
{
	static const char conf[] =
		"daemon off;\n"
		"user root;\n"
		"pid /dev/shm/nginx.pid;\n"
		"error_log stderr;\n"
		"events { worker_connections 64; }\n"
		"http {\n"
		"  access_log off;\n"
		"  client_body_temp_path /dev/shm/body;\n"
		"  proxy_temp_path /dev/shm/proxy;\n"
		"  fastcgi_temp_path /dev/shm/fastcgi;\n"
		"  uwsgi_temp_path /dev/shm/uwsgi;\n"
		"  scgi_temp_path /dev/shm/scgi;\n"
		"  server { listen 127.0.0.1:8080; root /srv; }\n"
		"}\n";
	int rc = add_busybox(b, rootfs, err);

	if (rc == 0)
		rc = workload_add_program(b, rootfs, "nginx", "/bin/nginx",
					  err);
	if (rc == 0)
		rc = workload_add_text(rootfs, "/etc/nginx.conf", conf, err);
	if (rc == 0)
		rc = workload_add_text(rootfs, "/etc/passwd",
				       "root:x:0:0:root:/:/bin/sh\n", err);
	if (rc == 0)
		rc = workload_add_text(rootfs, "/etc/group", "root:x:0:\n",
				       err);
	if (rc == 0)
		rc = workload_add_text(rootfs, "/srv/index.html", "served\n",
				       err);
	return rc;
}

/* --- what is compiled here --------------------------------------------- */

static int add_compiled(struct bench *b, const char *rootfs,
			enum compiler compiler, const char *source,
			char *const *flags, const char *as, struct err *err)
{
	char *name =
		arena_printf(b->r.arena, "compat-%s", strrchr(as, '/') + 1);
	char *file = tool_compile(b, compiler, name, WORDS((char *)source),
				  flags, err);

	return file ? workload_add(rootfs, file, as, err) : -err->code;
}

static int add_threads(struct bench *b, const char *rootfs, struct err *err)
{
	return add_compiled(b, rootfs, COMPILE_C, "work/threads.c",
			    WORDS((char *)"-static", (char *)"-pthread"),
			    "/bin/threads", err);
}

static int add_go(struct bench *b, const char *rootfs, struct err *err)
{
	return add_compiled(b, rootfs, COMPILE_GO, "work/hello.go", WORDS(),
			    "/bin/go-hello", err);
}

static int add_wasi_c(struct bench *b, const char *rootfs, struct err *err)
{
	return add_compiled(b, rootfs, COMPILE_C_WASM, "wasm/hello.c", WORDS(),
			    "/bin/c.wasm", err);
}

static int add_wasi_rust(struct bench *b, const char *rootfs, struct err *err)
{
	return add_compiled(b, rootfs, COMPILE_RUST_WASM, "work/hello.rs",
			    WORDS(), "/bin/rust.wasm", err);
}

static int add_http(struct bench *b, const char *rootfs, struct err *err)
{
	return add_compiled(b, rootfs, COMPILE_C_WASM, "work/http-server.c",
			    WORDS(), "/bin/http.wasm", err);
}

/* --- the tables -------------------------------------------------------- */

#define SH "/bin/busybox", "sh", "-c"

/* Until the server answers, at most 10 s. */
#define UNTIL(command)                                                      \
	"i=0; until " command "; do i=$((i+1)); [ $i -lt 100 ] || exit 9; " \
	"/bin/busybox usleep 100000; done; "

static const char python_script[] =
	"import json, socket, subprocess, sys, threading\n"
	"s = socket.create_server(('127.0.0.1', 0))\n"
	"def serve():\n"
	"    c, _ = s.accept()\n"
	"    c.sendall(json.dumps({'sum': sum(range(1000))}).encode())\n"
	"    c.close()\n"
	"t = threading.Thread(target=serve)\n"
	"t.start()\n"
	"c = socket.create_connection(s.getsockname())\n"
	"print(json.loads(c.recv(100))['sum'], flush=True)\n"
	"t.join()\n"
	"subprocess.run([sys.executable, '-c', 'print(6 * 7)'], check=True)\n";

static const char node_script[] =
	"const http = require('http');\n"
	"const s = http.createServer((q, r) => r.end('served ' + q.url));\n"
	"s.listen(0, '127.0.0.1', () => http.get(\n"
	"  {host: '127.0.0.1', port: s.address().port, path: '/x'}, r => {\n"
	"    r.setEncoding('utf8');\n"
	"    r.on('data', d => console.log(d));\n"
	"    r.on('end', () => s.close());\n"
	"  }));\n";

static const char redis_script[] =
	"/bin/redis-server --save '' --appendonly no --dir /dev/shm "
	"--port 6379 --bind 127.0.0.1 >/dev/shm/log & " UNTIL(
		"/bin/redis-cli ping >/dev/null 2>&1") "/bin/redis-cli ping; /bin/redis-cli set a b; /bin/redis-cli get a; "
						       "/bin/redis-cli shutdown nosave; wait";

static const char nginx_script[] =
	"/bin/nginx -p /dev/shm -c /etc/nginx.conf & " UNTIL(
		"/bin/busybox wget -q -O /dev/shm/got http://127.0.0.1:8080/ "
		"2>/dev/null") "/bin/busybox cat /dev/shm/got; kill $!; wait";

const struct compat_workload compat_native[] = {
	{"busybox sh",
	 add_busybox,
	 {SH, "for i in 1 2 3; do echo $i; done | /bin/busybox sort -r | "
	      "/bin/busybox head -n 1"},
	 "3\n",
	 NULL},
	{"bash, coreutils",
	 add_bash,
	 {"/bin/bash", "-c",
	  "PATH=/bin; f=$(mktemp -p /dev/shm); seq 1 1000 >$f; "
	  "sort -rn $f | head -n 1; cat <(wc -l <$f); "
	  "[[ abc =~ ^a(.)c$ ]] && echo ${BASH_REMATCH[1]}"},
	 "1000\n1000\nb\n",
	 NULL},
	{"python3",
	 add_python,
	 {"/usr/bin/python3", "-c", python_script},
	 "499500\n42\n",
	 NULL},
	{"node",
	 add_node,
	 {"/bin/node", "-e", node_script},
	 "served /x\n",
	 NULL},
	{"redis", add_redis, {SH, redis_script}, "PONG\nOK\nb\n", NULL},
	{"nginx", add_nginx, {SH, nginx_script}, "served\n", NULL},
	{"threads in C", add_threads, {"/bin/threads"}, "400000\n", NULL},
	{"Go, static", add_go, {"/bin/go-hello"}, "hello\n", NULL},
};
const size_t compat_n_native = ARRAY_SIZE(compat_native);

const struct compat_workload compat_wasm[] = {
	{"C, WASI", add_wasi_c, {"/bin/c.wasm"}, "hello\n", NULL},
	{"Rust, WASI", add_wasi_rust, {"/bin/rust.wasm"}, "hello\n", NULL},
	{"HTTP server, wasm", add_http, {NULL}, NULL, compat_http},
};
const size_t compat_n_wasm = ARRAY_SIZE(compat_wasm);
