// test_train.c: what `resnetc train` offers for long runs: recipes, schedules, optimisers, frozen
// layers, checkpoints in a folder, the log of a run that resumes. Not here: kills and signals
// (test_kill.c), the numbers of optimisers and schedules (runtime/test_optimizers.c).
#include "support/check_main.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/in_folder.h"

#define TOY "toy.rn"
#define TOY_TEXT                                                                                   \
    "model toy {\n input image[3, 13, 11]\n conv1: conv(3x3, c=4, stride=4)\n bn1: bn\n relu\n"    \
    " layer1: { residual(c=4) }\n global_avgpool\n fc: dense(5)\n}\n"
#define COUNT 22

#define TRAIN "train " TOY " --data x.npy,l.npy --batch 4 --threads 1"

static void write_text(const char *name, const char *text)
{
    tool_write(in_folder(name), text, strlen(text));
}

static void prepare(void)
{
    enter_folder("train");
    write_text(TOY, TOY_TEXT);
    write_images("x.npy", COUNT, 11, 0.5f);
    write_labels("l.npy", COUNT, 1);
}

// 22 pictures in batches of 4, two batches a step: 3 steps an epoch. A length in epochs or steps.
START_TEST(schedule_in_the_log)
{
    RESNETC(TRAIN
            " --steps 9 --accumulate 2 --lr 0.5 --log s.jsonl --lr-schedule multistep "
            "--lr-drop-at 1,5s,7s --lr-drop-factor 0.5 --lr-warmup 2s --lr-warmup-from 0.5 && "
            "sed 's/.*\"lr\": \\([^,]*\\),.*/\\1/' s.jsonl | tr '\\n' ' '");
    expect(0, "0.25 0.375 0.5 0.25 0.25 0.125 0.125 0.0625 0.0625");
    RESNETC(TRAIN " --epochs 1 --lr-schedule cosine --lr 0.5 --lr-min 0.125 --log c.jsonl "
                  "--accumulate 2 && sed 's/.*\"lr\": \\([^,]*\\),.*/\\1/' c.jsonl | tr '\\n' ' '");
    expect(0, "0.5 0.40625 0.21875");
}
END_TEST

START_TEST(wrong_schedules)
{
    RESNETC(TRAIN " --lr-schedule step");
    expect(2, "--lr-schedule step and --lr-drop-every LENGTH go together");
    RESNETC(TRAIN " --lr-drop-at 3");
    expect(2, "--lr-schedule multistep and --lr-drop-at LENGTH,... go together");
    RESNETC(TRAIN " --nesterov");
    expect(2, "Nesterov momentum needs a momentum above 0");
    RESNETC(TRAIN " --optimizer adamw --nesterov");
    expect(2, "nesterov is SGD's: AdamW has beta1 and beta2 instead of a momentum");
    RESNETC(TRAIN " --lr-min 0.1");
    expect(2, "--lr-min is for --lr-schedule cosine");
    RESNETC(TRAIN " --lr-warmup 3x");
    expect(2, "--lr-warmup: '3x' is no length: a number of epochs (30) or steps (400s)");
    RESNETC(TRAIN " --lr-schedule multistep --lr-drop-at 3,,4");
    expect(2, "--lr-drop-at: '' is no length");
    RESNETC(TRAIN " --lr-schedule multistep --lr-drop-at 3,2");
    expect(2, "must rise");
    RESNETC(TRAIN " --lr-schedule cosine --epochs 2 --lr-warmup 2");
    expect(2, "ends within its warm-up");
}
END_TEST

// Gradients of a batch are the sum of its parts': one step of 20 equals one of 5 times 4 where no
// batch norm looks at the batch.
START_TEST(accumulation)
{
    static const char model[] = "model plain {\n input x[3, 13, 11]\n conv(3x3, c=4)\n relu\n"
                                " global_avgpool\n fc: dense(5)\n}\n";
    write_text("plain.rn", model);
#define PLAIN "train plain.rn --data x.npy,l.npy --limit 20 --lr 0.5 --seed 2 --no-shuffle "
    RESNETC(PLAIN "--batch 20 --epochs 2 --save one.st --log one.jsonl");
    expect(0, NULL);
    RESNETC(PLAIN "--batch 4 --accumulate 5 --epochs 2 --save many.st --log many.jsonl");
    expect(0, NULL);
    RnTensorFile *one, *many;
    ck_assert_int_eq(rn_tensor_file_open(in_folder("one.st"), &one, NULL), RN_OK);
    ck_assert_int_eq(rn_tensor_file_open(in_folder("many.st"), &many, NULL), RN_OK);
    const RnFileTensor *a = rn_tensor_file_find(one, "fc.weight");
    const RnFileTensor *b = rn_tensor_file_find(many, "fc.weight");
    ck_assert(a && b);
    const float *x = a->data, *y = b->data;
    for (int i = 0; i < 20; i++) {
        ck_assert_double_eq_tol((double)x[i], (double)y[i], 1e-6);
    }
    rn_tensor_file_close(one);
    rn_tensor_file_close(many);
    SHELL("wc -l < many.jsonl");
    expect(0, "2");
}
END_TEST

START_TEST(frozen_layers_stay)
{
    RESNETC(TRAIN " --steps 1 --lr 0 --save start.st");
    expect(0, NULL);
    RESNETC(TRAIN " --weights start.st --steps 3 --weight-decay 0.5 --momentum 0.9 --freeze layer1 "
                  "--freeze '*.bias' --save end.st");
    expect(0, NULL);
    RnTensorFile *start, *end;
    ck_assert_int_eq(rn_tensor_file_open(in_folder("start.st"), &start, NULL), RN_OK);
    ck_assert_int_eq(rn_tensor_file_open(in_folder("end.st"), &end, NULL), RN_OK);
    static const struct {
        const char *name;
        bool moves;
    } cases[] = {{"layer1.0.conv1.weight", false},
                 {"layer1.0.bn1.weight", false},
                 {"fc.bias", false},
                 {"fc.weight", true},
                 {"layer1.0.bn1.running_mean", true}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const RnFileTensor *a = rn_tensor_file_find(start, cases[i].name);
        const RnFileTensor *b = rn_tensor_file_find(end, cases[i].name);
        ck_assert_msg(a && b, "%s", cases[i].name);
        ck_assert_msg((memcmp(a->data, b->data, a->bytes) != 0) == cases[i].moves, "%s",
                      cases[i].name);
    }
    rn_tensor_file_close(start);
    rn_tensor_file_close(end);
    RESNETC(TRAIN " --steps 1 --freeze layer9");
    expect(2, "--freeze: no parameter fits 'layer9'");
}
END_TEST

START_TEST(zero_gamma)
{
    RESNETC(TRAIN " --zero-gamma --steps 1 --lr 0 --save zero.st");
    expect(0, NULL);
    RnTensorFile *file;
    ck_assert_int_eq(rn_tensor_file_open(in_folder("zero.st"), &file, NULL), RN_OK);
    const RnFileTensor *last = rn_tensor_file_find(file, "layer1.0.bn2.weight");
    const RnFileTensor *first = rn_tensor_file_find(file, "layer1.0.bn1.weight");
    ck_assert(last && first);
    ck_assert(*(const float *)last->data == 0.0f && *(const float *)first->data == 1.0f);
    rn_tensor_file_close(file);
}
END_TEST

// The loss of label smoothing at the start: (1 - e) * loss + e * mean over all classes.
START_TEST(label_smoothing)
{
    RESNETC(TRAIN " --steps 1 --lr 0 --label-smoothing 1 --log all.jsonl --save s.st && " TOOL
                  " " TRAIN " --steps 1 --lr 0 --label-smoothing 0.25 --log part.jsonl && " TOOL
                  " " TRAIN " --steps 1 --lr 0 --log none.jsonl && cat none.jsonl all.jsonl "
                  "part.jsonl");
    expect(0, NULL);
    double loss[3];
    const char *at = run.out;
    for (int i = 0; i < 3; i++) {
        at = strstr(at, "\"loss\": ");
        ck_assert_ptr_nonnull(at);
        loss[i] = strtod(at += 8, NULL);
    }
    ck_assert_double_eq_tol(loss[2], 0.75 * loss[0] + 0.25 * loss[1], 1e-5);
    ck_assert(loss[1] != loss[0]);
}
END_TEST

START_TEST(recipes)
{
    write_text("good.recipe", "# two steps\nsteps = 2\n\nlr= 0.25 # fast\nzero-gamma\n"
                              "nesterov = yes\nmomentum = 0.5\nfreeze = fc\n");
    RESNETC(TRAIN " --recipe good.recipe --log r.jsonl && cat r.jsonl && wc -l < r.jsonl");
    expect(0, "\"lr\": 0.25");
    RESNETC("train --lr 0.125 " TOY " --data x.npy,l.npy --recipe=good.recipe --nesterov=no "
            "--momentum 0 --log r.jsonl && cat r.jsonl && wc -l < r.jsonl");
    expect(0, "\"lr\": 0.125");
    expect(0, "\n2\n");
    RESNETC("train " TOY " --data fashion-mnist --recipe d2l");
    expect(1, "fashion-mnist with --resize 96 of the recipe d2l has pictures of 1x96x96, but the "
              "model takes 3x13x11");
    RESNETC("train " TOY " --data fashion-mnist --recipe d2l --resize 8");
    expect(1, "fashion-mnist with --resize 8 has pictures of 1x8x8");
    static const char *const wrong[][2] = {
        {"lr = 0.1\n\nmomentun = 0.9\n", "bad.recipe:3: train: unknown option --momentun; did you "
                                         "mean --momentum?"},
        {"lr = fast\n", "bad.recipe:1: --lr: 'fast' is not a number"},
        {"lr\n", "bad.recipe:1: --lr needs a value: X"},
        {"nesterov = maybe\n", "bad.recipe:1: --nesterov: 'maybe' is neither yes nor no"},
        {"# x\nemit = plan\n", "bad.recipe:2: train: --emit is an option of compile"},
        {"recipe = d2l\n", "bad.recipe:1: --recipe cannot stand in a recipe"},
        {"--lr = 3\n", "bad.recipe:1: a line has the form NAME = VALUE"},
        {"lr 3\n", "bad.recipe:1: a line has the form NAME = VALUE"},
        {"momentum = 0.1\nmomentum = 7\n", "bad.recipe:2: --momentum: 7 is not within 0..1"}};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        write_text("bad.recipe", wrong[i][0]);
        RESNETC(TRAIN " --recipe bad.recipe");
        expect(2, wrong[i][1]);
    }
    RESNETC(TRAIN " --recipe d2");
    expect(2, "did you mean the shipped recipe d2l");
    RESNETC("--list-recipes");
    expect(0, "he2015_imagenet");
    RESNETC(
        TRAIN
        " --recipe he2015_cifar --augment none --steps 1 --batch 4 --log r.jsonl && cat r.jsonl");
    expect(0, "\"lr\": 0.1,");
    RESNETC(TRAIN " --recipe he2015_imagenet --augment none --steps 1 --batch 4");
    expect(0, NULL);
    RESNETC(TRAIN " --recipe torchvision --augment none --epochs 1 --batch 4");
    expect(0, NULL);
}
END_TEST

#define LONG                                                                                       \
    TRAIN " --epochs 4 --accumulate 2 --optimizer adamw --lr 0.01 --lr-schedule cosine "           \
          "--lr-warmup 2s --seed 5 --clip-norm 0.5 --weight-decay 0.01 --no-decay-1d "

// A run cut off within an epoch and one that goes through give the same bits, and the same log.
START_TEST(resumes_within_an_epoch)
{
    RESNETC(LONG "--save whole.st --log whole.jsonl --curves whole.svg");
    expect(0, NULL);
    RESNETC(LONG "--checkpoint cp/ --save-every 1 --keep 100 --log parts.jsonl");
    expect(0, NULL);
    SHELL("ls cp | tr '\\n' ' '");
    expect(0, "step-000000001.safetensors");
    SHELL("ls cp | wc -l");
    expect(0, "12");
    // As if it had been killed after step 7, while it wrote step 8 and its log.
    SHELL("rm cp/step-00000000[89]* cp/step-0000000001* cp/step-00000001* ; printf '{\"ste' >> "
          "parts.jsonl; touch cp/step-000000008.safetensors.tmp-4194999-0");
    RESNETC(LONG "--checkpoint cp --save-every 5 --keep 2 --resume --save parts.st "
                 "--log parts.jsonl --curves parts.svg");
    expect(0, "resuming after epoch 2, step 7");
    SHELL("cmp whole.st parts.st && cut -d, -f1-5 whole.jsonl > a && cut -d, -f1-5 parts.jsonl > b "
          "&& cmp a b && cmp whole.svg parts.svg && ls cp | tr '\\n' ' '");
    expect(0, "step-000000010.safetensors step-000000012.safetensors ");
    ck_assert_str_eq(run.out, "step-000000010.safetensors step-000000012.safetensors ");
}
END_TEST

START_TEST(resuming_another_run)
{
    SHELL("touch one.st.tmp-4194999-0 one.st.tmp-4194999-old one.stone.tmp-4194999-0");
    RESNETC(TRAIN " --steps 2 --checkpoint one.st --nesterov --momentum 0.5 --freeze fc");
    expect(0, NULL);
    SHELL("ls one.*tmp*"); // what a run that is no more wrote aside, and two other files
    expect(0, "one.st.tmp-4194999-old\none.stone.tmp-4194999-0\n");
    ck_assert_ptr_null(strstr(run.out, "one.st.tmp-4194999-0"));
#define GO_ON TRAIN " --steps 3 --checkpoint one.st --resume "
    RESNETC(GO_ON "--nesterov --momentum 0.5 --freeze fc --exact");
    expect(2, "one.st was made without --exact");
    RESNETC(GO_ON "--momentum 0.5 --freeze fc");
    expect(2, "one.st was made with --nesterov");
    RESNETC(GO_ON "--nesterov --momentum 0.5");
    expect(2, "one.st was made with --freeze fc");
    RESNETC(GO_ON "--nesterov --momentum 0.5 --freeze fc --zero-gamma --accumulate 3");
    expect(2, "one.st was made with --accumulate 1");
    RESNETC(GO_ON "--nesterov --momentum 0.5 --freeze fc --augment flip");
    expect(2, "one.st was made without --augment");
    RESNETC(GO_ON "--nesterov --momentum 0.5 --freeze fc --no-shuffle");
    expect(2, "one.st was made without --no-shuffle");
    RESNETC(GO_ON "--optimizer adamw");
    expect(1, "optimizer/exp_avg");
    RESNETC(GO_ON "--nesterov --momentum 0.5 --freeze fc --limit 20");
    expect(2, "one.st was made on 22 pictures, but --data has 20");
    // --weights began the run; going on needs the checkpoint alone.
    RESNETC(GO_ON "--nesterov --momentum 0.5 --freeze fc --weights gone.safetensors");
    expect(0, "resuming after epoch 0, step 2");
    RESNETC(TRAIN " --steps 2 --checkpoint two.st --freeze fc --freeze conv1");
    expect(0, NULL);
    RESNETC(TRAIN " --steps 3 --checkpoint two.st --resume");
    expect(2, "two.st was made with --freeze fc --freeze conv1");
}
END_TEST

START_TEST(folders_of_checkpoints)
{
    RESNETC(TRAIN " --epochs 1 --checkpoint many/ && ls many");
    expect(0, "step-000000006.safetensors");
    RESNETC(TRAIN " --epochs 1 --checkpoint many/");
    expect(2, "many/ holds checkpoints of an earlier run");
    RESNETC(TRAIN " --epochs 1 --checkpoint empty/ --resume");
    expect(3, "empty/: no checkpoint in this folder");
    RESNETC(TRAIN " --epochs 1 --checkpoint none/of/these/");
    expect(3, "none/of/these/: cannot make the folder");
    RESNETC(TRAIN " --epochs 1 --save-every 3");
    expect(2, "--save-every needs --checkpoint");
    write_text("other.txt", "step 1\nstep 2\n");
    RESNETC(TRAIN " --epochs 2 --checkpoint many/ --resume --log other.txt");
    expect(2, "other.txt is no log of this command");
    SHELL("cat other.txt");
    expect(0, "step 1\nstep 2");
    write_text("other.txt", "a note without a line's end");
    RESNETC(TRAIN " --epochs 2 --checkpoint many/ --resume --log other.txt");
    expect(2, "other.txt is no log of this command");
    SHELL("cat other.txt");
    expect(0, "a note without a line's end");
}
END_TEST

// grey.rn, and a data set that has a test split.
static void prepare_set(void)
{
    SHELL("mkdir -p set && sed 's/3, 13, 11/1, 13, 11/' toy.rn > grey.rn");
    expect(0, NULL);
    tool_write_idx(in_folder("set/train-images-idx3-ubyte"), 40, 13, 11, 5);
    tool_write_idx(in_folder("set/train-labels-idx1-ubyte"), 40, 0, 0, 5);
    tool_write_idx(in_folder("set/t10k-images-idx3-ubyte"), 30, 13, 11, 5);
    tool_write_idx(in_folder("set/t10k-labels-idx1-ubyte"), 30, 0, 0, 5);
}

// A checkpoint of what becomes the last step, made before the test set was scored.
START_TEST(the_last_scoring_is_made_up_for)
{
#define GREY "train grey.rn --data set --batch 8 --threads 1 "
#define FIGURES " | awk '{print $1, $2, $3, $4}' "
    prepare_set();
    RESNETC(GREY "--steps 3 --curves whole.svg" FIGURES "> whole.txt && cat whole.txt");
    expect(0, "epoch loss train accuracy\n1 ");
    RESNETC(GREY "--steps 8 --save-every 3 --keep 9 --checkpoint steps/ && "
                 "rm steps/step-000000008.safetensors steps/step-000000006.safetensors");
    expect(0, NULL);
    RESNETC(GREY "--steps 3 --checkpoint steps/ --resume --curves again.svg" FIGURES
                 "| cmp - whole.txt && cmp whole.svg again.svg");
    expect(0, NULL);
    RESNETC(GREY "--steps 3 --checkpoint steps/ --resume 2>&1");
    expect(0, "nothing is left to train");
    ck_assert_ptr_null(strstr(run.out, "accuracy"));
    RESNETC(GREY "--steps 3 --checkpoint steps/ --resume --curves done.svg && "
                 "cmp whole.svg done.svg");
    expect(0, NULL);
}
END_TEST

START_TEST(report)
{
    prepare_set();
    RESNETC("train grey.rn --data set --batch 8 --epochs 2 --report r.html --nesterov "
            "--momentum 0.9 --checkpoint r.st && cat r.html");
    static const char *const parts[] = {
        "</html>",       "Confusion matrix", "Worst mistakes", "data:image/png;base64,iVBOR",
        ">Loss<",        ">Learning rate<",  "layer1.0.conv2", "<td>nesterov</td>",
        "all 12 layers", "30 to test",       "epoch 2 of 2",   "Pictures per second"};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        expect(0, parts[i]);
    }
    ck_assert(!strstr(run.out, "<script") && !strstr(run.out, "http"));
    // The curves of a run that goes on begin with those before.
    RESNETC("train grey.rn --data set --batch 8 --epochs 3 --report r.html --nesterov "
            "--momentum 0.9 --checkpoint r.st --resume && grep -c '^<tr><td class=\"n\">' r.html");
    expect(0, "3\n");
    RESNETC(TRAIN " --epochs 1 --report plain.html && cat plain.html");
    expect(0, "all 12 layers");
    ck_assert(!strstr(run.out, "Confusion"));
    RESNETC(TRAIN " --epochs 1 --report none/r.html");
    expect(3, "none/r.html");
    RESNETC(TRAIN " --recipe he2015_cifar --batch 8 --epochs 1");
    expect(2, "augmentation works on 8-bit pictures");
    RESNETC(TRAIN " --recipe he2015_cifar --augment none --batch 8 --epochs 1");
    expect(0, "train accuracy");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("train");
    TCase *tc = tcase_create("train");
    tcase_set_timeout(tc, 300);
    tcase_add_unchecked_fixture(tc, prepare, clean_up);
    tcase_add_test(tc, schedule_in_the_log);
    tcase_add_test(tc, wrong_schedules);
    tcase_add_test(tc, accumulation);
    tcase_add_test(tc, frozen_layers_stay);
    tcase_add_test(tc, zero_gamma);
    tcase_add_test(tc, label_smoothing);
    tcase_add_test(tc, recipes);
    tcase_add_test(tc, resumes_within_an_epoch);
    tcase_add_test(tc, resuming_another_run);
    tcase_add_test(tc, folders_of_checkpoints);
    tcase_add_test(tc, the_last_scoring_is_made_up_for);
    tcase_add_test(tc, report);
    suite_add_tcase(suite, tc);
    return check_run(suite);
}
