// In a Linux guest: the real-time clock's interrupts, as Linux passes them on. Says a line for each
// kind that comes.

#include <fcntl.h>
#include <linux/rtc.h>
#include <poll.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

// Waits for `count` interrupts of a kind, each for as long as a machine may take that is busy with
// other things.
static int await(int rtc, int count) {
  for (int i = 0; i < count; ++i) {
    struct pollfd file = {.fd = rtc, .events = POLLIN};
    unsigned long word;
    if (poll(&file, 1, 60000) != 1 || read(rtc, &word, sizeof(word)) != sizeof(word)) return 0;
  }
  return 1;
}

int main(void) {
  const int rtc = open("/dev/rtc0", O_RDONLY | O_CLOEXEC);
  struct rtc_time now;
  if (rtc < 0 || ioctl(rtc, RTC_RD_TIME, &now) != 0) return perror("/dev/rtc0"), 1;
  printf("rtc: time %04d-%02d-%02d\n", now.tm_year + 1900, now.tm_mon + 1, now.tm_mday);

  if (ioctl(rtc, RTC_UIE_ON, 0) != 0) perror("RTC_UIE_ON");
  if (await(rtc, 3)) printf("rtc: 3 updates\n");
  ioctl(rtc, RTC_UIE_OFF, 0);

  // A few seconds on, by the clock's own time of day.
  ioctl(rtc, RTC_RD_TIME, &now);
  struct tm fields = {.tm_year = now.tm_year,
                      .tm_mon = now.tm_mon,
                      .tm_mday = now.tm_mday,
                      .tm_hour = now.tm_hour,
                      .tm_min = now.tm_min,
                      .tm_sec = now.tm_sec + 3};
  timegm(&fields);
  struct rtc_time alarm = {
      .tm_sec = fields.tm_sec, .tm_min = fields.tm_min, .tm_hour = fields.tm_hour};
  if (ioctl(rtc, RTC_ALM_SET, &alarm) != 0 || ioctl(rtc, RTC_AIE_ON, 0) != 0) perror("RTC_AIE_ON");
  if (await(rtc, 1)) printf("rtc: alarm\n");
  ioctl(rtc, RTC_AIE_OFF, 0);
  return 0;
}
