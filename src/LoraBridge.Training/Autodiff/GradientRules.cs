using LoraBridge.Native;
using LoraBridge.Training.Autodiff.Ops;

namespace LoraBridge.Training.Autodiff;

/// <summary>The operations that gradients can pass, and the rule of each, in <c>Ops/</c>.</summary>
internal static class GradientRules
{
    private static readonly Dictionary<GgmlOp, GradientRule> Rules = new()
    {
        [GgmlOp.Acc] = Layout.Acc,
        [GgmlOp.AddId] = Rows.AddId,
        [GgmlOp.Add] = Arithmetic.Add,
        [GgmlOp.Clamp] = Functions.Clamp,
        [GgmlOp.Concat] = Layout.Concat,
        [GgmlOp.Cont] = Arithmetic.Copy,
        [GgmlOp.Cos] = Functions.Cos,
        [GgmlOp.Cpy] = Arithmetic.Copy,
        [GgmlOp.Cumsum] = Sums.CumSum,
        [GgmlOp.Div] = Arithmetic.Div,
        [GgmlOp.Dsv4HcComb] = HyperConnections.Dsv4HcComb,
        [GgmlOp.Dsv4HcPost] = HyperConnections.Dsv4HcPost,
        [GgmlOp.Dsv4HcPre] = HyperConnections.Dsv4HcPre,
        [GgmlOp.Dup] = Arithmetic.Copy,
        [GgmlOp.GatedDeltaNet] = Sequences.GatedDeltaNet,
        [GgmlOp.GetRows] = Rows.GetRows,
        [GgmlOp.Glu] = Functions.Glu,
        [GgmlOp.L2Norm] = Norms.L2Norm,
        [GgmlOp.LeakyRelu] = Functions.LeakyRelu,
        [GgmlOp.Log] = Arithmetic.Log,
        [GgmlOp.Mean] = Sums.Mean,
        [GgmlOp.MulMatId] = Linear.OfGgml.Backward,
        [GgmlOp.MulMat] = Linear.OfGgml.Backward,
        [GgmlOp.Mul] = Arithmetic.Mul,
        [GgmlOp.Norm] = Norms.Norm,
        [GgmlOp.Pad] = Layout.Pad,
        [GgmlOp.Permute] = Layout.View,
        [GgmlOp.Repeat] = Sums.Repeat,
        [GgmlOp.Reshape] = Layout.View,
        [GgmlOp.RmsNorm] = Norms.RmsNorm,
        [GgmlOp.RopeBack] = Sequences.RopeBack,
        [GgmlOp.Rope] = Sequences.Rope,
        [GgmlOp.Scale] = Arithmetic.Scale,
        [GgmlOp.SetRows] = Rows.SetRows,
        [GgmlOp.Sin] = Functions.Sin,
        [GgmlOp.SoftMax] = Norms.SoftMax,
        [GgmlOp.Sqr] = Arithmetic.Sqr,
        [GgmlOp.Sqrt] = Arithmetic.Sqrt,
        [GgmlOp.SsmConv] = Sequences.SsmConv,
        [GgmlOp.SsmScan] = Sequences.SsmScan,
        [GgmlOp.Sub] = Arithmetic.Sub,
        [GgmlOp.SumRows] = Sums.SumRows,
        [GgmlOp.Sum] = Sums.Sum,
        [GgmlOp.Transpose] = Layout.View,
        [GgmlOp.Unary] = Functions.Unary,
        [GgmlOp.View] = Layout.View,
    };

    /// <summary>Results that do not vary with their arguments in a way that has a gradient: constants, and choices of indices.</summary>
    private static readonly HashSet<GgmlOp> Constants =
        [GgmlOp.None, GgmlOp.Arange, GgmlOp.Argmax, GgmlOp.Argsort, GgmlOp.CountEqual, GgmlOp.Fill, GgmlOp.TopK];

    /// <summary>All rules; some are those of several operations.</summary>
    public static IEnumerable<GradientRule> All => Rules.Values;

    public static bool IsConstant(GgmlOp op) => Constants.Contains(op);

    public static bool IsSupported(GgmlOp op) => IsConstant(op) || Rules.ContainsKey(op);

    /// <exception cref="NotSupportedException">There is no rule: a wrong gradient is never an answer.</exception>
    public static GradientRule For(TensorPtr y) => Rules.TryGetValue(y.Op, out var rule)
        ? rule
        : throw new NotSupportedException(
            $"The model computes {(y.Name.Length > 0 ? y.Name : "a tensor")} with {Ggml.ggml_op_desc(y)}, which has no gradient rule.");
}
