// test_cli.c: what the tool does with good and bad command lines, models and files: exit codes,
// messages, and that a failure leaves no file behind. 0 ok, 1 model or input wrong, 2 usage, 3
// environment.
#include "support/check_main.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support/in_folder.h"

#define TOY TEST_SOURCE_DIR "/tests/exec/embed/toy.rn"
#define COUNT 6

static void prepare(void)
{
    enter_folder("cli");
    write_images("x.npy", COUNT, 11, 0.5f);
    write_images("wide.npy", COUNT, 12, 0.5f);
    write_images("nan.npy", COUNT, 11, (float)strtod("nan", NULL));
    write_labels("l.npy", COUNT, 0);
    write_labels("bad_l.npy", COUNT, 5);
    tool_write(in_folder("broken.rn"), "model m { input x[3, 8, 8]\n conv(3x3, k=4)\n", 44);
    static const char two[] =
        "model two {\n input a[3, 13, 11]\n input b[3, 13, 11]\n add(a, b)\n}\n";
    tool_write(in_folder("two.rn"), two, sizeof two - 1);
    tool_write(in_folder("text.npy"), "not an array", 12);
    RESNETC("train " TOY " --data x.npy,l.npy --steps 1 --batch 4 --seed 3 --save w.safetensors");
    ck_assert_msg(run.code == 0, "%s", run.err);
}

START_TEST(usage)
{
    RESNETC("");
    expect(2, "no model given");
    RESNETC("--emti=summary resnet18");
    expect(2, "unknown option --emti; did you mean --emit?");
    RESNETC("train resnet18 --epoch 3");
    expect(2, "did you mean --epochs?");
    RESNETC("run resnet18 --lr 3");
    expect(2, "--lr is an option of train, not of run");
    RESNETC("train resnet18 --batch many");
    expect(2, "--batch: 'many' is not a whole number");
    RESNETC("train resnet18 --batch 0");
    expect(2, "--batch: 0 is not within 1..65536");
    RESNETC("--emit=picture resnet18");
    expect(2, "'picture' is none of");
    RESNETC("resnet18 resnet34");
    expect(2, "two models given");
    RESNETC("resnet18 --target=vax");
    expect(2, "--target: 'vax' is unknown");
    RESNETC("resnet18 --dump-after=nothing");
    expect(2, "no pass 'nothing'");
    RESNETC("resnet18 --plan-for batch=x");
    expect(2, "--plan-for");
    RESNETC("run resnet18 --input x.npy --output y.npy");
    expect(2, "--weights");
}
END_TEST

START_TEST(questions)
{
    static const char *const commands[] = {"", "train", "run", "grad", "eval", "predict", "bench"};
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        RESNETC("%s --help", commands[i]);
        expect(0, "Exit codes");
    }
    RESNETC("--version");
    expect(0, "resnetc " RESNETC_VERSION);
    RESNETC("--list-ops");
    expect(0, "conv2d");
    RESNETC("--list-models");
    expect(0, "resnet18");
    RESNETC("--list-targets");
    expect(0, "x86-64");
    RESNETC("--list-passes");
    expect(0, "needs simple, no-bn, loss\n");
}
END_TEST

START_TEST(options_stand_anywhere)
{
    RESNETC("--emit=summary -D classes=7 " TOY " > a && " TOOL " " TOY
            " -Dclasses=7 --emit summary > b && cmp a b");
    expect(0, NULL);
    RESNETC("--emit=summary " TOY);
    expect(0, "layer1.1.conv1");
}
END_TEST

START_TEST(wrong_models)
{
    RESNETC("missing.rn");
    expect(3, "missing.rn: cannot open");
    RESNETC("resnet1 8");
    expect(2, "two models");
    RESNETC("resnet19");
    expect(3, "resnet18");
    RESNETC("broken.rn -o broken.o");
    expect(1, "broken.rn:");
    ck_assert(!tool_exists(in_folder("broken.o")) && !tool_exists(in_folder("broken.h")));
    RESNETC("-D clases=3 " TOY);
    expect(1, "classes");
}
END_TEST

START_TEST(unwritable_output)
{
    int before = tool_count_files(folder);
    RESNETC(TOY " -o /dev/full");
    expect(3, "/dev/full");
    RESNETC(TOY " -o missing/toy.o");
    expect(3, "missing/toy.o");
    RESNETC("--emit=summary " TOY " > /dev/full");
    expect(3, "standard output");
    RESNETC("run " TOY " --weights w.safetensors --input x.npy --output missing/y.npy");
    expect(3, "missing/y.npy");
    RESNETC("grad " TOY " --weights w.safetensors --input x.npy --labels l.npy --output missing/g");
    expect(3, "missing/g");
    RESNETC("train " TOY " --data x.npy,l.npy --steps 2 --log /dev/full");
    expect(3, "/dev/full");
    RESNETC("train " TOY " --data x.npy,l.npy --steps 2 --save missing/w.safetensors");
    expect(3, "missing/w.safetensors");
    ck_assert_int_eq(tool_count_files(folder), before);
}
END_TEST

// The header cannot be written where a folder of its name stands: then there is no object either.
START_TEST(object_and_header_or_none)
{
    RESNETC(TOY " -o half.o; code=$?; mkdir -p sub/half.h; exit $code");
    expect(0, NULL);
    RESNETC(TOY " -o sub/half.o");
    expect(3, "sub/half.h");
    ck_assert(!tool_exists(in_folder("sub/half.o")));
}
END_TEST

START_TEST(wrong_inputs)
{
    int before = tool_count_files(folder);
    RESNETC("run " TOY " --weights w.safetensors --input missing.npy --output y.npy");
    expect(3, "missing.npy");
    RESNETC("run " TOY " --weights w.safetensors --input text.npy --output y.npy");
    expect(1, "text.npy");
    RESNETC("run " TOY " --weights w.safetensors --input wide.npy --output y.npy");
    expect(1, "-D channels=3 -D height=13 -D width=12");
    RESNETC("run two.rn --weights w.safetensors --input x.npy --output y.npy");
    expect(1, "run serves models of one input; this one has several");
    RESNETC("run " TOY " --weights text.npy --input x.npy --output y.npy");
    expect(1, "text.npy");
    RESNETC("run " TOY " -D classes=6 --weights w.safetensors --input x.npy --output y.npy");
    expect(1, "fc.");
    RESNETC("grad " TOY " --weights w.safetensors --input x.npy --labels bad_l.npy --output g");
    expect(1, "label 5 is 5, but the model has 5 classes");
    // Arrays are looked at before anything is compiled, so before the weights.
    RESNETC("run " TOY " --weights none --input wide.npy --output y.npy");
    expect(1, "wide.npy has pictures of 3x13x12, but the model takes");
    RESNETC("grad " TOY " --weights none --input x.npy --labels bad_l.npy --output g");
    expect(1, "bad_l.npy: label 5");
    RESNETC("train " TOY " --data x.npy,bad_l.npy --steps 1");
    expect(1, "5");
    RESNETC("train " TOY " --data wide.npy,l.npy --steps 1");
    expect(1, "-D channels=3");
    RESNETC("train resnet18 -D height=13 -D width=11 --data x.npy,l.npy --batch 5 --epochs 1");
    expect(1, "batch normalisation 'layer3.0.bn1' one value per channel");
    RESNETC("train " TOY " --data text.npy,l.npy --steps 1");
    expect(1, "text.npy");
    RESNETC("train " TOY " --data nan.npy,l.npy --steps 1 --save gone.safetensors");
    expect(1, "nan.npy: element [5, 2, 12, 10] is nan");
    RESNETC("train " TOY " --data fashion-mnist --data-dir /nowhere");
    expect(3, "/nowhere");
    RESNETC("train " TOY " --data x.npy,l.npy --checkpoint none --resume --steps 1");
    expect(3, "none");
    ck_assert_int_eq(tool_count_files(folder), before);
}
END_TEST

START_TEST(divergence_is_reported)
{
    RESNETC("train " TOY
            " --data x.npy,l.npy --steps 50 --lr 1e6 --weight-decay 1e6 --save gone.safetensors");
    expect(1, "training stopped in epoch");
    ck_assert(!tool_exists(in_folder("gone.safetensors")));
}
END_TEST

// Any batch and number of threads gives the same bits; resnetc eval agrees with them.
START_TEST(run_in_chunks_and_threads)
{
    RESNETC("run " TOY " --weights w.safetensors --input x.npy --output y1.npy --threads 1");
    expect(0, NULL);
    RESNETC("run --threads 5 --weights w.safetensors --input x.npy --output y2.npy " TOY
            " && cmp y1.npy y2.npy");
    expect(0, NULL);
    RESNETC("run " TOY " --weights w.safetensors --input x.npy --output y3.npy --batch 4 "
            "--plan-for batch=6 && cmp y1.npy y3.npy");
    expect(0, NULL);
    RESNETC("eval " TOY " --weights w.safetensors --data x.npy,l.npy --json");
    expect(0, "\"count\": 6");
}
END_TEST

START_TEST(grad_is_the_same_for_any_threads)
{
    RESNETC("grad " TOY " --weights w.safetensors --input x.npy --labels l.npy --output g1 "
            "--threads 1 && " TOOL " grad " TOY
            " --weights w.safetensors --input x.npy --labels l.npy "
            "--output g2 --threads 3 && cmp g1 g2");
    expect(0, NULL);
    RnTensorFile *file;
    ck_assert_int_eq(rn_tensor_file_open(in_folder("g1"), &file, NULL), RN_OK);
    const RnFileTensor *loss = rn_tensor_file_find(file, "loss");
    ck_assert(loss && loss->shape.rank == 0 && strcmp(loss->dtype, "F32") == 0);
    ck_assert(rn_tensor_file_find(file, "layer1.1.downsample.0.weight"));
    ck_assert(rn_tensor_file_find(file, "bn1.running_var"));
    rn_tensor_file_close(file);
}
END_TEST

// Four epochs at once, and two and two with a checkpoint between: the same bits.
START_TEST(resume_goes_on_exactly)
{
#define ARGS                                                                                       \
    " " TOY " --data x.npy,l.npy --batch 4 --lr 0.1 --momentum 0.9 --weight-decay 0.001 --seed 5"
    RESNETC("train" ARGS " --epochs 4 --save whole.st --log whole.jsonl");
    expect(0, "train accuracy");
    RESNETC("train" ARGS " --epochs 2 --checkpoint c.st --log parts.jsonl");
    expect(0, NULL);
    RESNETC("train" ARGS " --epochs 4 --checkpoint c.st --resume --save parts.st --log parts.jsonl "
            "--curves curves.svg");
    expect(0, "resuming after epoch 2, step 4");
    RESNETC("--version > /dev/null && cmp whole.st parts.st && test $(wc -l < parts.jsonl) = 8 && "
            "cut -d, -f1-5 whole.jsonl > a && cut -d, -f1-5 parts.jsonl > b && cmp a b");
    expect(0, NULL);
    RESNETC("train" ARGS " --epochs 4 --batch 5 --checkpoint c.st --resume");
    expect(2, "--batch 4");
    RESNETC("--version && grep -c polyline curves.svg");
    expect(0, "4");
}
END_TEST

// A call's text may hold what Graphviz reads as its own. Pictures are whole.
START_TEST(drawings)
{
    static const char model[] = "model m {\n input x[3, 8, 8]\n a: residual(c=3 if 1 < 2 else 4)\n"
                                " global_avgpool\n dense(2)\n}\n";
    tool_write(in_folder("drawn.rn"), model, strlen(model));
    RESNETC("drawn.rn --emit=dot -o drawn.dot && "
            "if command -v dot > /dev/null; then dot -Tsvg drawn.dot > /dev/null || exit 9; fi; "
            "cat drawn.dot");
    expect(0, "<b>a&#160;&#160;</b>residual(c=3 if 1 &lt; 2 else 4)");
    RESNETC("drawn.rn --emit=plan-svg -o drawn.svg && grep -c 'activation kept for' drawn.svg && "
            "test $(grep -c '<rect' drawn.svg) -gt 30 && tail -n 1 drawn.svg");
    expect(0, "</svg>");
}
END_TEST

START_TEST(emits)
{
    static const char *const kinds[][2] = {{"graph", "conv2d"},
                                           {"plan", "lower bound"},
                                           {"plan-svg", ">lower bound</text>"},
                                           {"dot", "layer1.1.downsample"},
                                           {"llvm", "define"},
                                           {"asm", "rn_model_toy"},
                                           {"header", "RnModel"}};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        RESNETC("--emit=%s " TOY " > emitted && grep -q '%s' emitted", kinds[i][0], kinds[i][1]);
        expect(0, NULL);
    }
    RESNETC("--emit=object --verify-each --mode infer " TOY " > a.o && " TOOL " --mode infer " TOY
            " -o toy.o && cmp a.o toy.o");
    expect(0, NULL);
    RESNETC(
        "--time-passes --explain-kernels --dump-after=all " TOY " -o toy2.o 2> said && "
        "grep '^code generator' said && grep '^== plan_buffers' said && grep '^== kernels' said");
    expect(0, "code generator");
}
END_TEST

// Each key of --json has a number that is not zero.
static void expect_numbers(const char *const keys[], size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const char *at = strstr(run.out, keys[i]);
        ck_assert_msg(at && strtod(strchr(at, ':') + 1, NULL) > 0, "%s in %s", keys[i], run.out);
    }
}

START_TEST(bench)
{
    static const char *const modes[] = {"infer", "train"};
    static const char *const keys[] = {"min_ms",        "median_ms",   "images_per_s", "gflops",
                                       "peak_fraction", "arena_bytes", "rss_bytes"};
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        RESNETC("bench " TOY " --json --mode %s --repeats 1 --warmup 0 --batch 2", modes[i]);
        expect(0, "\"rejected\": ");
        expect_numbers(keys, sizeof keys / sizeof keys[0]);
    }
    RESNETC("bench " TOY " --profile --repeats 2 --threads 2");
    expect(0, "of a peak of");
    RESNETC("bench " TOY " --profile --repeats 2 --json 2> table > b.json && wc -l < b.json && "
            "grep '^ share .* predicted .* peak ' table && grep 'conv1 conv2d' table");
    expect(0, "1\n");
    RESNETC("--explain-kernels " TOY " -o toy3.o 2> said && grep '^conv1, conv2d' said && "
            "grep 'cannot: ' said && grep '[*] direct  *[0-9.]* ms ' said");
    expect(0, "tasks");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("cli");
    TCase *tc = tcase_create("tool");
    tcase_set_timeout(tc, 300);
    tcase_add_unchecked_fixture(tc, prepare, clean_up);
    tcase_add_test(tc, usage);
    tcase_add_test(tc, questions);
    tcase_add_test(tc, options_stand_anywhere);
    tcase_add_test(tc, wrong_models);
    tcase_add_test(tc, unwritable_output);
    tcase_add_test(tc, object_and_header_or_none);
    tcase_add_test(tc, wrong_inputs);
    tcase_add_test(tc, divergence_is_reported);
    tcase_add_test(tc, run_in_chunks_and_threads);
    tcase_add_test(tc, grad_is_the_same_for_any_threads);
    tcase_add_test(tc, resume_goes_on_exactly);
    tcase_add_test(tc, drawings);
    tcase_add_test(tc, emits);
    tcase_add_test(tc, bench);
    suite_add_tcase(suite, tc);
    return check_run(suite);
}
