namespace LoraBridge.Finetuning;

/// <summary>One adapter tensor's gradient against finite differences of llama.cpp's loss, along one direction.</summary>
/// <param name="Name">The tensor.</param>
/// <param name="Expected">The slope by finite differences.</param>
/// <param name="Found">The slope by the gradient.</param>
/// <param name="OracleError">Estimated relative error of the finite differences themselves: inference computes in F32.</param>
public sealed record GradientCheckTensor(string Name, double Expected, double Found, double OracleError)
{
    /// <summary>|found - expected| / |expected|.</summary>
    public double RelativeError => Expected == 0 ? (Found == 0 ? 0 : double.PositiveInfinity) : Math.Abs(Found - Expected) / Math.Abs(Expected);
}
