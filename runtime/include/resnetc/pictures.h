// pictures.h: JPEG and PNG files, and folders of them as data sets. A library of its own
// (resnetc_pictures), so that who does not need it does not link libjpeg and libpng.
//
// Pixels are those of Pillow's Image.open(path).convert("RGB") or ("L"): alpha is dropped, CMYK
// read in Adobe's convention, colour profiles and gamma ignored; the EXIF orientation too, unless
// it is asked for. One
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

/// The EXIF orientation of a JPEG or PNG in memory, 1 to 8; 1 (upright) where it states none.
uint32_t rn_picture_orientation(const void *bytes, size_t size);
/// Turns and mirrors a picture so that it stands upright, as Pillow's ImageOps.exif_transpose does;
/// its pixels must be malloc()ed and are replaced. RN_ERR_MEMORY leaves it as it was.
RnStatus rn_picture_turn(RnPicture *picture, uint32_t orientation, RnError *err);
/// rn_picture_read, and the file's orientation; apply: the picture is turned accordingly.
RnStatus rn_picture_read_exif(const char *path, uint32_t channels, bool apply,
                              uint32_t *orientation, RnPicture *out, RnError *err);

/// Whether a folder holds folders, as a data set of pictures does.
bool rn_pictures_is_folder(const char *path);

/// Files that are no pictures by their names, of one kind.
typedef struct RnSkippedKind {
    char ending[12]; // ".webp"; "" : no ending, or a long one
    uint32_t count;
} RnSkippedKind;

enum { RN_SKIPPED_KINDS = 12 };

/// What lies in a folder beside its pictures.
typedef struct RnFolderRest {
    RnSkippedKind skipped[RN_SKIPPED_KINDS]; // in the class folders; the last collects what is over
    uint32_t kinds;
    uint32_t left_out;       // folders beside the splits that are none
    char first_left_out[64]; // the first of them
} RnFolderRest;

/// How a folder is read. Zero: as rn_picture_read.
typedef struct RnFolderOptions {
    bool apply_exif; // turn pictures as their EXIF orientation says
    /// NULL, or called once, when the first picture with an orientation other than upright is read,
    /// on the thread that reads it.
    void (*on_orientation)(void *context, const char *path);
    void *context;
    RnFolderRest *rest; // NULL, or receives what was not taken
} RnFolderOptions;

/// Which folder is a split of a folder of pictures.
///
/// name: "" where there is none; "." where the folder itself holds the classes. train/ is
/// RN_SPLIT_TRAIN, val/, valid/ or validation/ is RN_SPLIT_VAL, test/ is RN_SPLIT_TEST, each only
/// where it holds folders itself: else it is a class of that name. RN_ERR_INPUT when two could be
/// RN_SPLIT_VAL.
RnStatus rn_pictures_split_folder(const char *path, RnSplit split, char name[16], RnError *err);

/// Opens a split of a folder of pictures: one folder per class, whose sorted names (of the training
/// pictures, where there are some) are the classes; in them, at any depth, files .jpg, .jpeg and
/// .png, sorted. Without splits everything is RN_SPLIT_TRAIN. RN_ERR_MISSING where there is no such
/// split. Pictures are read when they are needed; rn_dataset_set_transform must say how they become
/// images. options may be NULL and is not kept. Free with rn_dataset_close.
RnStatus rn_pictures_open_folder(const char *path, RnSplit split, const RnFolderOptions *options,
                                 RnDataset **out, RnError *err);

#ifdef __cplusplus
}
#endif
#endif
