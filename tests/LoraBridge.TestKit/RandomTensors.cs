using System.Runtime.InteropServices;

namespace LoraBridge.TestKit;

/// <summary>Random tensor data.</summary>
public static class RandomTensors
{
    /// <summary>Bytes of normally distributed 32-bit floats.</summary>
    public static byte[] Normal(Random random, int count, float mean, float deviation)
    {
        ArgumentNullException.ThrowIfNull(random);
        var values = new float[count];
        for (var i = 0; i < count; i++)
        {
            // Box and Muller: the cosine of a random angle, scaled by the root of an exponential variable.
            var radius = Math.Sqrt(-2 * Math.Log(1 - random.NextDouble()));
            values[i] = mean + deviation * (float)(radius * Math.Cos(2 * Math.PI * random.NextDouble()));
        }
        return MemoryMarshal.AsBytes(values.AsSpan()).ToArray();
    }
}
