using LoraBridge.Device.Tests;
using LoraBridge.Training.Graphs;

namespace LoraBridge.Training.Tests;

/// <summary>What the device's optimiser is tested on.</summary>
internal static class OptimizerDevice
{
    public static ComputeEngine Open()
    {
        using var engine = new DeviceEngine(DeviceUnderTest.Devices, DeviceWeights.None, threads: 1);
        return engine.OpenAlone();
    }
}
