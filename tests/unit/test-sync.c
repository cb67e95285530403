/* What a hostile or broken peer can say on the sync socket. */
#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "runtime/sync.h"
#include "test.h"

static void pair(int s[2])
{
	struct err err = {0};

	CHECK(sync_pair(s, &err) == 0);
}

static struct sync_msg message(enum sync_type type)
{
	struct sync_msg m = {
		.version = SYNC_VERSION,
		.type = (uint16_t)type,
	};

	return m;
}

TEST(a_message_carries_a_descriptor_and_a_number)
{
	struct err err = {0};
	int s[2], fd = -1, value = 0, null;

	pair(s);
	null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	CHECK(sync_send_value(s[0], SYNC_SOURCE, null, 7) == 0);
	CHECK_INT(sync_recv(s[1], &fd, &value, &err), SYNC_SOURCE);
	CHECK_INT(value, 7);
	CHECK(fd >= 0 && fd != null);
	CHECK(fcntl(fd, F_GETFD) & FD_CLOEXEC);
}

TEST(a_failure_carries_the_error_and_the_exit_status)
{
	struct err why = {0}, err = {0};
	int s[2], status = 0;

	pair(s);
	err_say(&why, -ENOENT, "exec: \"x\": executable file not found");
	sync_fail(s[0], 127, &why);
	CHECK_INT(sync_expect(s[1], SYNC_CREATED, NULL, &status, &err),
		  -ENOENT);
	CHECK_INT(status, 127);
	CHECK_STR(err.msg, why.msg);
	CHECK_INT(err.code, ENOENT);
}

TEST(the_end_and_the_wrong_step_are_told_apart)
{
	struct err err = {0};
	int s[2];

	pair(s);
	CHECK(sync_send(s[0], SYNC_CREATED, -1) == 0);
	CHECK_INT(sync_expect(s[1], SYNC_MAPPED, NULL, NULL, &err), -EPROTO);
	CHECK(strstr(err.msg, "came where"));
	close(s[0]);
	CHECK_INT(sync_recv(s[1], NULL, NULL, &err), 0);
	CHECK_INT(sync_expect(s[1], SYNC_MAPPED, NULL, NULL, &err), -EPIPE);
}

TEST(a_descriptor_nobody_asked_for_is_closed)
{
	struct err err = {0};
	int s[2], null, probe;

	pair(s);
	null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	CHECK(sync_send(s[0], SYNC_CREATED, null) == 0);
	CHECK_INT(sync_recv(s[1], NULL, NULL, &err), SYNC_CREATED);
	probe = dup(null);
	CHECK_INT(probe, null + 1);
}

TEST(malformed_messages_are_refused)
{
	struct sync_msg m = message(SYNC_CREATED);
	char longer[sizeof(m) + 1] = {0};
	struct err err = {0};
	int s[2];

	CHECK(sync_msg_valid(&m, sizeof(m)));
	CHECK(!sync_msg_valid(&m, sizeof(m) - 1));
	CHECK(!sync_msg_valid(longer, sizeof(longer)));
	m.version = 2;
	CHECK(!sync_msg_valid(&m, sizeof(m)));
	m = message(0);
	CHECK(!sync_msg_valid(&m, sizeof(m)));
	m = message(SYNC_TYPE_END);
	CHECK(!sync_msg_valid(&m, sizeof(m)));
	m = message(SYNC_CREATED);
	m.flags = 1;
	CHECK(!sync_msg_valid(&m, sizeof(m)));
	m = message(SYNC_FAILED);
	CHECK(!sync_msg_valid(&m, sizeof(m)));
	m.err.code = EIO;
	m.value = 256;
	CHECK(!sync_msg_valid(&m, sizeof(m)));
	m.value = 1;
	memset(m.err.msg, 'a', sizeof(m.err.msg));
	CHECK(!sync_msg_valid(&m, sizeof(m)));

	pair(s);
	CHECK(send(s[0], longer, sizeof(longer), 0) == sizeof(longer));
	CHECK_INT(sync_recv(s[1], NULL, NULL, &err), -EPROTO);
}
