using LoraBridge.Native;
using LoraBridge.Training.Graphs;

namespace LoraBridge.Training.Tests;

/// <summary>What the device's optimiser is tested on: the CPU, whose memory is as good as another's.</summary>
internal static class OptimizerDevice
{
    public static ComputeEngine Open()
    {
        NativeRuntime.Initialize();
        return new ComputeEngine(1);
    }
}
