// pictures.h: JPEG and PNG files, and folders of them as data sets. A library of its own
// (resnetc_pictures), so that who does not need it does not link libjpeg and libpng.
//
// Pixels are those of Pillow's Image.open(path).convert("RGB") or ("L"): alpha is dropped, CMYK
// read in Adobe's convention, colour profiles, gamma and the EXIF orientation ignored. One
// difference: of a 16-bit channel the upper byte is taken, which Pillow does for colours but not
// for grey.
#ifndef RESNETC_PICTURES_H
#define RESNETC_PICTURES_H

#include "resnetc/data.h"
#include "resnetc/picture.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
    RN_PICTURE_MAX_PIXELS = 100000000,   // of a file, before anything is allocated for them
    RN_PICTURE_MAX_FILE_BYTES = 1 << 28, // of a file
    RN_PICTURE_MAX_SCANS = 200           // of a progressive JPEG
};

/// Reads a picture as `channels` channels (1 or 3). RN_ERR_INPUT when the file is no JPEG or PNG,
/// is damaged or truncated, or is beyond a limit; RN_ERR_IO when it cannot be read. Free with
/// rn_picture_free.
RnStatus rn_picture_read(const char *path, uint32_t channels, RnPicture *out, RnError *err);
/// The same from memory; `path` only names it in messages.
RnStatus rn_picture_decode(const void *bytes, size_t size, const char *path, uint32_t channels,
                           RnPicture *out, RnError *err);

/// Whether a folder holds folders, as a data set of pictures does.
bool rn_pictures_is_folder(const char *path);

/// Opens a folder of pictures: one folder per class, whose sorted names are the classes; in them,
/// at any depth, files .jpg, .jpeg and .png, sorted. With folders train/ and val/ (or test/) these
/// are the two splits, of the same classes; without, everything is RN_SPLIT_TRAIN, and
/// RN_SPLIT_TEST is RN_ERR_MISSING. Pictures are read when they are needed;
/// rn_dataset_set_transform must say how they become images. Free with rn_dataset_close.
RnStatus rn_pictures_open_folder(const char *path, RnSplit split, RnDataset **out, RnError *err);

#ifdef __cplusplus
}
#endif
#endif
