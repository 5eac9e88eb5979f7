using LoraBridge.Native;
using LoraBridge.Training.Autodiff;

namespace LoraBridge.Training.Kernels.Device;

/// <summary>
/// Gradient rules made of ggml's own operations, so that devices can compute them. Where there is none, the rule of the CPU is: what it is made of
/// that no device can compute, managed kernels among that, the CPU computes, on copies of what it needs.
/// </summary>
internal sealed class DeviceRules : IGradientRules
{
    private readonly Dictionary<GgmlOp, DeviceRule> _rules;

    /// <param name="products">How products are computed.</param>
    /// <param name="supports">Whether a device can compute an operation; where it cannot, those with a gradient operation of ggml's are composed.</param>
    /// <param name="areDistinct">Whether no index among these, a leaf, is there twice; null if that is not known of any.</param>
    public DeviceRules(DeviceProducts products, Func<TensorPtr, bool> supports, Func<TensorPtr, bool>? areDistinct = null)
    {
        var rows = new DeviceRows(areDistinct ?? (_ => false));
        var norms = new DeviceNorms(supports);
        var softMax = new DeviceSoftMax(supports);
        _rules = new Dictionary<GgmlOp, DeviceRule>
        {
            [GgmlOp.Clamp] = new(DevicePointwise.Clamp),
            [GgmlOp.Cos] = new(DevicePointwise.Cos),
            [GgmlOp.Cumsum] = new(DeviceRows.CumSum),
            [GgmlOp.GetRows] = new(rows.GetRows, rows.TakesGetRows),
            [GgmlOp.Glu] = new(DeviceActivations.Glu, DeviceActivations.TakesGlu),
            [GgmlOp.L2Norm] = new(DeviceNorms.L2Norm),
            [GgmlOp.LeakyRelu] = new(DevicePointwise.LeakyRelu),
            [GgmlOp.MulMat] = new(products.MulMat, DeviceProducts.TakesMulMat),
            [GgmlOp.MulMatId] = new(products.MulMatId, DeviceProducts.TakesMulMatId),
            [GgmlOp.Norm] = new(DeviceNorms.Norm),
            [GgmlOp.RmsNorm] = new(norms.RmsNorm),
            [GgmlOp.Sin] = new(DevicePointwise.Sin),
            [GgmlOp.SoftMax] = new(softMax.Backward),
            [GgmlOp.Unary] = new(DeviceActivations.Unary, DeviceActivations.TakesUnary),
        };
    }

    /// <summary>Operations that have a rule for devices.</summary>
    public IReadOnlyCollection<GgmlOp> Operations => _rules.Keys;

    public IGradientRule? For(TensorPtr y) => _rules.TryGetValue(y.Op, out var rule) && rule.Takes(y) ? rule : null;
}

/// <summary>A gradient rule made of ggml's own operations.</summary>
/// <param name="backward">See <see cref="IGradientRule.Backward"/>.</param>
/// <param name="takes">Whether it covers an operation with all its arguments and parameters; null for any.</param>
internal sealed class DeviceRule(Action<BackwardPass, TensorPtr, TensorPtr> backward, Func<TensorPtr, bool>? takes = null) : IGradientRule
{
    public bool Takes(TensorPtr y) => takes is null || takes(y);

    public void Backward(BackwardPass pass, TensorPtr y, TensorPtr dy) => backward(pass, y, dy);
}
