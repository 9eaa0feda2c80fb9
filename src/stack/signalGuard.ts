/**
 * C++ that is compiled into the TensorFlow binding and put around the two calls that start threads or run kernels (the linker's
 * `--wrap`). A signal that arrives while TensorFlow multiplies matrices may corrupt the heap: of machine code made at run time (oneDNN's
 * gemm, which Eigen's kernels call too) the process died after 100 to 10,000 signals, and after none of 80,000 that had to
 * wait. A trainer is told by SIGTERM to write its checkpoint, so signals wait until the operation is done; threads that
 * TensorFlow starts never take them.
 */
export const signalGuardSource = `
#include <pthread.h>
#include <csignal>
#include <initializer_list>

namespace {
class SignalsWait {
 public:
  SignalsWait() {
    sigset_t waiting;
    sigfillset(&waiting);
    for (int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT}) sigdelset(&waiting, fault);
    pthread_sigmask(SIG_BLOCK, &waiting, &before_);
  }
  ~SignalsWait() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t before_;
};
}

extern "C" {
void* __real_TFE_NewContext(const void* options, void* status);
void* __wrap_TFE_NewContext(const void* options, void* status) {
  SignalsWait until_done;
  return __real_TFE_NewContext(options, status);
}
void __real_TFE_Execute(void* operation, void** results, int* count, void* status);
void __wrap_TFE_Execute(void* operation, void** results, int* count, void* status) {
  SignalsWait until_done;
  __real_TFE_Execute(operation, results, count, status);
}
}
`;

/** What the linker is told, so that the binding's calls go through the source above. */
export const signalGuardLinking = '-Wl,--wrap=TFE_NewContext,--wrap=TFE_Execute';
