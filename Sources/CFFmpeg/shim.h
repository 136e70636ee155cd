#pragma once
#include <errno.h>
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/display.h>
#include <libavutil/imgutils.h>
#include <libavutil/pixdesc.h>
#include <libswscale/swscale.h>

// Swift cannot import function-like macros or casts of enum tags.
static inline int vbp_error_again(void) { return AVERROR(EAGAIN); }
static inline int vbp_error_end_of_file(void) { return AVERROR_EOF; }
static inline int vbp_error_exit(void) { return AVERROR_EXIT; }
static inline int vbp_error_no_memory(void) { return AVERROR(ENOMEM); }
static inline int vbp_error_not_permitted(void) { return AVERROR(EPERM); }
static inline int64_t vbp_no_pts(void) { return AV_NOPTS_VALUE; }

// FFmpeg 7 moved the side data of a stream into its codec parameters.
static inline const int32_t *vbp_display_matrix(const AVStream *stream) {
#if LIBAVFORMAT_VERSION_MAJOR >= 61
    const AVPacketSideData *data = av_packet_side_data_get(
        stream->codecpar->coded_side_data, stream->codecpar->nb_coded_side_data,
        AV_PKT_DATA_DISPLAYMATRIX);
    return data && data->size >= 9 * sizeof(int32_t) ? (const int32_t *)data->data : NULL;
#else
    size_t size = 0;
    const uint8_t *data = av_stream_get_side_data(stream, AV_PKT_DATA_DISPLAYMATRIX, &size);
    return data && size >= 9 * sizeof(int32_t) ? (const int32_t *)data : NULL;
#endif
}
