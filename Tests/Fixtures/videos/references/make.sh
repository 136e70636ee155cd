#!/bin/bash
# Encodes the start of real/bikes.mp4 in several structures of references; ffmpeg 5.1.9 of Debian 12.
set -euo pipefail
cd "$(dirname "$0")"
encode() {
    ffmpeg -v error -y -i ../real/bikes.mp4 -vf scale=128:72 -an -pix_fmt yuv420p -threads 1 -frames:v "$2" "${@:3}" "$1"
}
x265="-c:v libx265 -x265-params log-level=none:crf=38"
encode hevc_open_gop.mp4 60 $x265:keyint=24
encode hevc_closed_gop.mkv 60 $x265:keyint=24:open-gop=0:bframes=8:b-adapt=0
encode hevc_temporal_layers.mp4 60 $x265:keyint=30:temporal-layers=1:bframes=3:b-adapt=0
encode hevc_no_pyramid.ts 60 $x265:keyint=24:b-pyramid=0:bframes=3
encode av1_svt.mkv 60 -c:v libsvtav1 -g 33 -crf 55
encode av1_svt_grain.mp4 40 -c:v libsvtav1 -g 33 -crf 55 -svtav1-params film-grain=10
encode av1_aom.mp4 60 -c:v libaom-av1 -cpu-used 8 -crf 55 -g 30
realtime="-deadline realtime -cpu-used 7 -lag-in-frames 0 -g 40 -b:v 30k"
two="ts_number_layers=2:ts_target_bitrate=20,30:ts_rate_decimator=2,1:ts_periodicity=2:ts_layer_id=0,1:ts_layering_mode=2"
three="ts_number_layers=3:ts_target_bitrate=10,20,30:ts_rate_decimator=4,2,1:ts_periodicity=4:ts_layer_id=0,2,1,2:ts_layering_mode=3"
encode vp9_alternate_reference.webm 60 -c:v libvpx-vp9 -crf 50 -b:v 0 -g 30 -cpu-used 5 -deadline good
encode vp9_error_resilient_layers.webm 24 -c:v libvpx-vp9 $realtime -error-resilient 1 -ts-parameters $two
encode vp9_layers.webm 24 -c:v libvpx-vp9 $realtime -ts-parameters $three
