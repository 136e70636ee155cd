#pragma once
#include <errno.h>
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/display.h>
#include <libavutil/imgutils.h>
#include <libavutil/pixdesc.h>
#include <libswscale/swscale.h>
#include <stdio.h>
#include <string.h>

// Swift cannot import function-like macros or casts of enum tags.
static inline int vbp_error_again(void) { return AVERROR(EAGAIN); }
static inline int vbp_error_end_of_file(void) { return AVERROR_EOF; }
static inline int vbp_error_exit(void) { return AVERROR_EXIT; }
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

// Some faults FFmpeg reports only as messages. They are counted per thread, and the newest of a
// container is kept; va_list and thread-local variables cannot be imported.
struct vbp_messages {
    int num_container_errors, num_decoder_errors;
    char last_of_container[160];
};
static inline struct vbp_messages *vbp_messages_of_thread(void) {
    static _Thread_local struct vbp_messages messages;
    return &messages;
}
static inline void vbp_count_message(
    void *source, int level, const char *format, va_list arguments) {
    if (level > AV_LOG_ERROR || !source) return;
    struct vbp_messages *messages = vbp_messages_of_thread();
    const char *owner = (*(const AVClass **)source)->class_name;
    if (strcmp(owner, "AVCodecContext") == 0) messages->num_decoder_errors++;
    if (strcmp(owner, "AVFormatContext") != 0) return;
    messages->num_container_errors++;
    char *text = messages->last_of_container;
    vsnprintf(text, sizeof messages->last_of_container, format, arguments);
    text[strcspn(text, "\n")] = 0;
}
static inline void vbp_count_messages(void) { av_log_set_callback(vbp_count_message); }
static inline int vbp_num_container_errors(void) {
    return vbp_messages_of_thread()->num_container_errors;
}
static inline int vbp_num_decoder_errors(void) {
    return vbp_messages_of_thread()->num_decoder_errors;
}
static inline const char *vbp_last_container_message(void) {
    return vbp_messages_of_thread()->last_of_container;
}
