// main.cpp: inference from C++: the session behind a unique_ptr, errors as exceptions.
#include <algorithm>
#include <cstdio>
#include <memory>
#include <stdexcept>
#include <vector>

#include "resnetc/runtime.h"
#include "small.h"

class Model {
public:
    explicit Model(const RnModelSet &set, unsigned threads = 0)
    {
        RnOptions options{};
        options.modes = RN_MODE_INFER;
        options.threads = threads;
        RnSession *session = nullptr;
        RnError err{};
        const RnModel *model = nullptr; // the variant for this machine
        check(rn_model_choose(&set, &model, &err), err);
        check(rn_session_open(model, &options, &session, &err), err);
        session_.reset(session);
        rn_init_params(session, 1, 0); // or rn_weights_load
    }

    std::vector<float> operator()(const std::vector<float> &images, std::size_t batch)
    {
        std::vector<float> logits(batch * rn_model_classes(rn_session_model(session_.get())));
        const float *in = images.data();
        float *out = logits.data();
        RnError err{};
        check(rn_infer(session_.get(), &in, batch, &out, &err), err);
        return logits;
    }

private:
    struct Close {
        void operator()(RnSession *s) const { rn_session_close(s); }
    };
    static void check(RnStatus status, const RnError &err)
    {
        if (status != RN_OK)
            throw std::runtime_error(err.text);
    }
    std::unique_ptr<RnSession, Close> session_;
};

int main()
{
    try {
        Model model(rn_model_small, 2);
        std::vector<float> images(3 * SMALL_IMAGE_ELEMENTS, 0.5f);
        const std::vector<float> logits = model(images, 3);
        const auto first = logits.begin(), second = first + SMALL_OUTPUT_ELEMENTS;
        std::printf("%zu logits; equal pictures have equal ones: %s\n", logits.size(),
                    std::equal(first, second, second) ? "yes" : "no");
    } catch (const std::exception &e) {
        std::fprintf(stderr, "%s\n", e.what());
        return 1;
    }
}
