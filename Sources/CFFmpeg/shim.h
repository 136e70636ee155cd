#pragma once
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/display.h>
#include <libavutil/imgutils.h>
#include <libavutil/pixdesc.h>
#include <libswscale/swscale.h>

// Swift cannot import function-like macros or casts of enum tags.
static inline int vbp_error_again(void) { return AVERROR(EAGAIN); }
static inline int vbp_error_end_of_file(void) { return AVERROR_EOF; }
static inline int64_t vbp_no_pts(void) { return AV_NOPTS_VALUE; }
