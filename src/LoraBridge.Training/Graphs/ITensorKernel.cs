using LoraBridge.Native;

namespace LoraBridge.Training.Graphs;

/// <summary>
/// An operation computed by managed code inside a ggml graph, on the threads of the CPU backend. It writes every element of its
/// result, and the workers share the work without overlap.
/// </summary>
internal interface ITensorKernel
{
    /// <summary>What it computes.</summary>
    string Name => GetType().Name;

    /// <param name="result">The tensor to fill; its sources are the kernel's arguments.</param>
    /// <param name="work">Hands out pieces of the work to the threads that share it.</param>
    void Compute(TensorPtr result, WorkQueue work);
}

/// <summary>A kernel whose work is products of matrices.</summary>
internal interface IProductKernel : ITensorKernel
{
    /// <summary>Multiplications and additions of the products that <paramref name="result"/> is made of.</summary>
    double Operations(TensorPtr result);
}
